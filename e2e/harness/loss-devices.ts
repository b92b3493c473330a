import type { ScriptAction } from '@belfry/provider-simulator';
import { createSeededRandom } from '@belfry/testing/seeded-random';
import type { Api } from './api.ts';
import { addFcmDevice, addWebPushDevice, type TestDevice } from './devices.ts';
import { mapConcurrently } from './map-concurrently.ts';
import type { Providers } from './providers.ts';

export type LossDevicesOptions = {
  /** One in so many users has a Web Push device, and one an FCM device. At least 3. */
  readonly deviceEvery: number;
  /** How long notifications live. */
  readonly ttlSeconds: number;
  readonly seed: number;
};

/** `isHopeless`: it never takes anything. */
export type LossDevice = TestDevice & { readonly isHopeless: boolean };

/** Providers take up to this long, so that something is always under way. */
const SLOWEST_MS = 500;
/** Of different length, so that two sends at once would arrive in any order; afterwards they are of one length. */
const DELAYS_EACH = 100;
const WEBPUSH_FAILURES = 0.03;

/**
 * Most devices take their time. Every fourth Web Push device is quick, and fails now and then. The last ones never take anything: one is refused, one asks to wait for longer
 * than a notification lives.
 */
export async function addLossDevices(
  api: Api,
  providers: Providers,
  users: readonly string[],
  { deviceEvery, ttlSeconds, seed }: LossDevicesOptions,
): Promise<LossDevice[]> {
  const withWebPush = users.filter((_, index) => index % deviceEvery === 1);
  const withFcm = users.filter((_, index) => index % deviceEvery === 2);
  const webpushDevices = await mapConcurrently(withWebPush, 16, (user) => addWebPushDevice(api, providers, user));
  const fcmDevices = await mapConcurrently(withFcm, 16, (user) => addFcmDevice(api, providers, user));
  const devices = [...webpushDevices, ...fcmDevices];
  const random = createSeededRandom(seed);
  providers.simulator.webpush.script.setFaults({ failRate: WEBPUSH_FAILURES, seed });
  for (const [index, { channel, target }] of devices.entries()) {
    if (channel === 'webpush' && index % 4 === 0) continue;
    const slow = (): ScriptAction => {
      const delayMs = Math.round(random.next() * SLOWEST_MS);
      return { kind: 'slow', delayMs, next: { kind: 'accept' } };
    };
    providers.simulator[channel].script.set(target, Array.from({ length: DELAYS_EACH }, slow), slow());
  }
  const refused = { kind: 'status', status: 400 } as const;
  const later = { kind: 'status', status: 503, retryAfter: 10 * ttlSeconds } as const;
  const hopeless = new Map<TestDevice | undefined, ScriptAction>([
    [webpushDevices.at(-1), refused],
    [webpushDevices.at(-2), later],
    [fcmDevices.at(-1), refused],
  ]);
  return devices.map((device) => {
    const action = hopeless.get(device);
    if (action !== undefined) providers.simulator[device.channel].script.set(device.target, [], action);
    return { ...device, isHopeless: action !== undefined };
  });
}
