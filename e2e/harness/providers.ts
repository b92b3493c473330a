import { certificateAuthorityPath, createProviderSimulator, type ProviderSimulator } from '@belfry/provider-simulator';
import { freePort } from '@belfry/testing/free-port';
import { realClock } from '@belfry/testing/real-clock';
import { runDocker } from './compose-project.ts';

export type Providers = {
  readonly simulator: ProviderSimulator;
  /** What Belfry has to be started with to send there. */
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
};

/** The machine of the test, seen from a container that was given this name for it. */
export const HOST_OF_TEST = 'host.docker.internal';

export type ProvidersOptions = {
  /** Messages that each provider remembers; whoever listens hears of all. */
  readonly keep?: number;
  /** Whether containers have to reach it. Default: when the stack of the specs is one of containers. */
  readonly forContainers?: boolean;
};

/** Push services in the process of the test, which outlive every kill of Belfry and remember what really arrived. */
export async function startProviders({
  keep,
  forContainers = process.env.BELFRY_STACK === 'compose',
}: ProvidersOptions = {}): Promise<Providers> {
  const address = forContainers ? await addressForContainers() : {};
  const kept = keep === undefined ? {} : { keep };
  const simulator = createProviderSimulator({ clock: realClock, webpush: kept, fcm: kept, ...address });
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

/** Containers have a loopback address of their own: for them it listens on that of the network they come from. */
async function addressForContainers(): Promise<{ host: string; port: number; publicOrigin: string }> {
  const format = '{{(index .IPAM.Config 0).Gateway}}';
  const gateway = await runDocker(['network', 'inspect', 'bridge', '-f', format]);
  const port = await freePort();
  return { host: gateway.trim(), port, publicOrigin: `https://${HOST_OF_TEST}:${port}` };
}
