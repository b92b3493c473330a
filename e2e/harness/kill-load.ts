import type { ScriptAction } from '@belfry/provider-simulator';
import type { Api } from './api.ts';
import { addFcmDevice, addWebPushDevice, type TestDevice } from './devices.ts';
import type { LedgerDeliveries } from './ledger.ts';
import type { Providers } from './providers.ts';
import { type SteadyProducer, startProducer } from './steady-producer.ts';

/** Settings that the load counts on. */
export const KILL_LOAD_ENV = {
  BELFRY_RETRY_WEBPUSH: '100ms,300ms,1s',
  BELFRY_RETRY_FCM: '10s,10s',
  // When the load is over, what still fails is alone with the host and opens its breaker; the rest must not wait for long.
  BELFRY_BREAKER_PROBE_INTERVAL: '200ms',
} as const;
const WEBPUSH_ATTEMPTS = 4;
const FCM_ATTEMPTS = 3;

type Delivery = LedgerDeliveries[number];

export type KillDevice = TestDevice & {
  /** Whether this is an end that a push delivery to the device may come to. */
  readonly explains: (delivery: Delivery) => boolean;
};

export type KillLoadOptions = {
  /** Every fifth is live and has no device, every fifth has a Web Push device, every twentieth an FCM device. */
  readonly users: number;
  /** Shares of requests that a provider answers with 503 or 429. */
  readonly failRates: { readonly webpush: number; readonly fcm: number };
};

export type KillLoad = {
  readonly liveUsers: readonly string[];
  readonly devices: readonly KillDevice[];
  /** Starts to post: all users, and beside them few notifications each to users whose devices do not take everything. */
  post(): readonly [main: SteadyProducer, ...others: SteadyProducer[]];
};

const FAILED: ScriptAction = { kind: 'status', status: 503 };
const REFUSED: ScriptAction = { kind: 'status', status: 400 };

/** One in so many Web Push devices fails the first thing that it gets, whatever the random faults are. */
const FAILS_FIRST_EVERY = 4;
/** Less than the waits before all retries together. */
const BRIEF_TTL_SECONDS = 1;
/** Each such notification costs several attempts that fail: few, so that the host does not look broken. */
const DOOMED_PER_SECOND = 8;

const isDelivered = ({ status }: Delivery): boolean => status === 'delivered';
const isExpired = ({ status }: Delivery): boolean => status === 'expired';
const isSpent = (attempts: number) => (delivery: Delivery) =>
  delivery.status === 'dead-lettered' && delivery.attempts.length === attempts;

/** Registers the devices and tells their providers what to do. */
export async function prepareKillLoad(
  url: string,
  api: Api,
  providers: Providers,
  { users: count, failRates }: KillLoadOptions,
): Promise<KillLoad> {
  const { webpush, fcm } = providers.simulator;
  const users = Array.from({ length: count }, (_, index) => `user-${index}`);
  const devices: KillDevice[] = [];
  const addWebPush = async (
    user: string,
    explains: KillDevice['explains'],
    first: readonly ScriptAction[],
    afterwards?: ScriptAction,
  ): Promise<void> => {
    const device = await addWebPushDevice(api, providers, user);
    webpush.script.set(device.target, first, afterwards);
    devices.push({ ...device, explains });
  };

  /** Where every attempt is unlucky. */
  const deliveredOrSpent = (attempts: number) => (delivery: Delivery) =>
    isDelivered(delivery) || isSpent(attempts)(delivery);
  for (const [index, user] of users.filter((_, position) => position % 5 === 1).entries())
    await addWebPush(user, deliveredOrSpent(WEBPUSH_ATTEMPTS), index % FAILS_FIRST_EVERY === 0 ? [FAILED] : []);
  for (const user of users.filter((_, position) => position % 20 === 2))
    devices.push({ ...(await addFcmDevice(api, providers, user)), explains: deliveredOrSpent(FCM_ATTEMPTS) });
  await addWebPush('never-taken', isSpent(WEBPUSH_ATTEMPTS), [], FAILED);
  await addWebPush('refused', isSpent(1), [], REFUSED);
  const refusedByFcm = await addFcmDevice(api, providers, 'refused-by-fcm');
  fcm.script.set(refusedByFcm.target, [], REFUSED);
  devices.push({ ...refusedByFcm, explains: isSpent(1) });
  await addWebPush('brief', (delivery) => isDelivered(delivery) || isExpired(delivery), []);
  await addWebPush('brief-and-never-taken', isExpired, [], FAILED);
  webpush.script.setFaults({ failRate: failRates.webpush });
  fcm.script.setFaults({ failRate: failRates.fcm });

  const slowly = { url, lanes: 1, batch: 1, perSecond: DOOMED_PER_SECOND };
  return {
    liveUsers: users.filter((_, position) => position % 5 === 0),
    devices,
    post: () => [
      startProducer({ url, users, lanes: 32, batch: 5 }),
      startProducer({ ...slowly, users: ['never-taken', 'refused', 'refused-by-fcm'], idPrefix: 'doomed-' }),
      startProducer({
        ...slowly,
        users: ['brief', 'brief-and-never-taken'],
        idPrefix: 'brief-',
        extra: { ttlSeconds: BRIEF_TTL_SECONDS },
      }),
    ],
  };
}
