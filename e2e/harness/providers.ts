import { certificateAuthorityPath, createProviderSimulator, type ProviderSimulator } from '@belfry/provider-simulator';
import { realClock } from '@belfry/testing/real-clock';

export type Providers = {
  readonly simulator: ProviderSimulator;
  /** What Belfry has to be started with to send there. */
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
};

/** Push services in the process of the test, which outlive every kill of Belfry and remember what really arrived. */
export async function startProviders(): Promise<Providers> {
  const simulator = createProviderSimulator({ clock: realClock });
  await simulator.start();
  const origin = simulator.origin();
  return {
    simulator,
    env: {
      NODE_EXTRA_CA_CERTS: certificateAuthorityPath,
      BELFRY_WEBPUSH_ALLOWED_HOSTS: new URL(origin).host,
      BELFRY_FCM_ENDPOINT: origin,
      BELFRY_FCM_PROJECT: 'e2e',
    },
    stop: () => simulator.stop(),
  };
}
