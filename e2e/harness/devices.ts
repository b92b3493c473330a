import type { Api } from './api.ts';
import type { Providers } from './providers.ts';

export type TestDevice = { readonly user: string; readonly channel: 'webpush' | 'fcm'; readonly target: string };

/** A subscription at the simulated push service, registered for the user. */
export async function addWebPushDevice(api: Api, providers: Providers, user: string): Promise<TestDevice> {
  const { webpush } = providers.simulator;
  const { body } = await api.get<{ publicKey: string }>('/v1/webpush/public-key');
  const subscription = webpush.subscribe(body.publicKey);
  await register(api, user, { channel: 'webpush', subscription });
  return { user, channel: 'webpush', target: webpush.targetOf(subscription.endpoint) };
}

/** A registration at the simulated FCM, registered for the user. */
export async function addFcmDevice(api: Api, providers: Providers, user: string): Promise<TestDevice> {
  const made = providers.simulator.fcm.createTarget({});
  if (!made.ok) throw new Error(made.detail);
  await register(api, user, { channel: 'fcm', token: made.target });
  return { user, channel: 'fcm', target: made.target };
}

async function register(api: Api, user: string, device: unknown): Promise<void> {
  const { status, body } = await api.post(`/v1/users/${encodeURIComponent(user)}/devices`, device);
  if (status !== 201) throw new Error(`device of ${user}: ${status} ${JSON.stringify(body)}`);
}
