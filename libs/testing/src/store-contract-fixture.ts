import { type DeliveryRef, type DeviceId, deliveryId, NO_DEVICE } from '@belfry/core/delivery';
import type { DeviceAddress } from '@belfry/core/device';
import type { Notification, TenantId, UserId } from '@belfry/core/notification';
import type { Attempt } from '@belfry/core/outcome';
import type { Settlement, SettlementNext } from '@belfry/core/store/gate';
import type { RecipientKey } from '@belfry/core/store/routing';
import type { StoreContract } from './store-contract.ts';

let counter = 0;

/** A name that no other test uses: what keeps tests on one store apart. */
export function unique(prefix: string): string {
  counter++;
  return `${prefix}-${counter.toString().padStart(6, '0')}`;
}

export const HOUR_MS = 3_600_000;

export function notificationOf(
  { clock }: StoreContract,
  tenant: TenantId,
  fields: Partial<Notification> = {},
): Notification {
  return {
    tenant,
    id: unique('n'),
    audience: { kind: 'users', users: ['ann'] },
    type: 'invoice.ready',
    title: 'Your invoice is ready',
    data: { invoice: 17, lines: [{ text: 'Zwölf Gläser “Honig”', amount: 12.5 }] },
    priority: 'normal',
    acceptedAtMs: clock.nowMs(),
    expiresAtMs: clock.nowMs() + 24 * HOUR_MS,
    ...fields,
  };
}

/** The first attempt of a notification of normal priority to a Web Push device of the contract. */
export function refOf(notification: Notification, recipient: UserId, deviceId: DeviceId): DeliveryRef {
  const { tenant, id } = notification;
  return {
    tenant,
    deliveryId: deliveryId(tenant, id, recipient, 'webpush', deviceId),
    notificationId: id,
    recipient,
    channel: 'webpush',
    deviceId,
    lane: 'transactional',
    attempt: 1,
    redrive: 0,
    host: PUSH_SERVICE,
  };
}

export function realtimeIdOf(notification: Notification, recipient: UserId): string {
  return deliveryId(notification.tenant, notification.id, recipient, 'realtime', NO_DEVICE);
}

/** Where every Web Push device of the contract is. */
const PUSH_SERVICE = 'push.example';

export function webPushAddress(endpoint: string = `https://${PUSH_SERVICE}/${unique('endpoint')}`): DeviceAddress {
  return { channel: 'webpush', address: { endpoint, p256dh: 'BPublic', auth: 'auth-secret', keyId: 'k1' } };
}

/** Registers Web Push devices with these ids; the order of the ids is the order of the deliveries. */
export async function addDevices(
  { store }: StoreContract,
  user: RecipientKey,
  ids: readonly DeviceId[],
): Promise<void> {
  for (const id of ids) await store.registerDevice(user, id, webPushAddress());
}

/** Routes a notification and resolves with the first attempts that it leads to, in the order of recipients and devices. */
export async function routeTo(
  { store }: StoreContract,
  notification: Notification,
  recipients: readonly UserId[],
): Promise<readonly DeliveryRef[]> {
  const results = await store.route(recipients.map((recipient) => ({ notification, recipient })));
  return results.flatMap((result) => (result.kind === 'routed' ? result.deliveries : []));
}

export type Routed = {
  readonly notification: Notification;
  readonly recipient: UserId;
  readonly ref: DeliveryRef;
  readonly realtimeId: string;
};

/** A notification routed to one recipient, with a Web Push device and, unless told otherwise, shown on live connections. */
export async function routeOne(
  contract: StoreContract,
  options: {
    readonly tenant?: TenantId;
    readonly recipient?: UserId;
    readonly realtime?: boolean;
    readonly fields?: Partial<Notification>;
  } = {},
): Promise<Routed> {
  const { tenant = unique('t'), recipient = 'ann', realtime = true } = options;
  const { store } = contract;
  const [known] = await store.listDevices({ tenant, user: recipient });
  // The same for all that ask at the same time: another device for each would get what was routed to the others.
  const deviceId = known?.id ?? `d-${recipient}`;
  const endpoint = `https://${PUSH_SERVICE}/${tenant}/${recipient}`;
  if (known === undefined) await store.registerDevice({ tenant, user: recipient }, deviceId, webPushAddress(endpoint));
  const channels = realtime ? {} : { channels: ['webpush'] as const };
  const notification = notificationOf(contract, tenant, { ...channels, ...options.fields });
  const refs = await routeTo(contract, notification, [recipient]);
  const ref = refs.find((each) => each.deviceId === deviceId);
  if (ref === undefined) throw new Error(`nothing goes to the device of ${recipient}`);
  return { notification, recipient, ref, realtimeId: realtimeIdOf(notification, recipient) };
}

export function attemptOf(contract: StoreContract, ref: DeliveryRef, fields: Partial<Attempt> = {}): Attempt {
  return {
    number: ref.attempt,
    atMs: contract.clock.nowMs(),
    durationMs: 12.5,
    outcome: 'retry',
    code: '503',
    reason: 'unavailable',
    host: 'push.example',
    ...fields,
  };
}

export function settlementOf(
  contract: StoreContract,
  ref: DeliveryRef,
  next: SettlementNext,
  fields: Partial<Settlement> = {},
): Settlement {
  const outcome = next.kind === 'end' ? 'delivered' : next.kind === 'dead-letter' ? 'rejected' : 'retry';
  return { ref, attempt: attemptOf(contract, ref, { outcome }), next, reason: 'unavailable', ...fields };
}

export const DELIVERED: SettlementNext = { kind: 'end', state: 'delivered' };
export const DEAD: SettlementNext = { kind: 'dead-letter', reason: 'payload-too-large', fingerprint: 'f1' };

/** Settles and expects it to be applied. */
export async function settleOne(
  contract: StoreContract,
  ref: DeliveryRef,
  next: SettlementNext,
  fields: Partial<Settlement> = {},
): Promise<void> {
  const [applied] = await contract.store.settle([settlementOf(contract, ref, next, fields)]);
  if (applied !== true) throw new Error(`the settlement of ${ref.deliveryId} was not applied`);
}

/** What the ledger says of one delivery. */
export async function ledgerOf(contract: StoreContract, { notification, ref }: Pick<Routed, 'notification' | 'ref'>) {
  const entry = await contract.store.readNotification(notification.tenant, notification.id, undefined, 100);
  const delivery = entry?.deliveries.find(({ id }) => id === ref.deliveryId);
  if (delivery === undefined) throw new Error(`no delivery ${ref.deliveryId} in the ledger`);
  return delivery;
}

/** A delivery that died on its first attempt. Its letter's id is `<deliveryId>.0`. */
export async function deadOne(contract: StoreContract, options: Parameters<typeof routeOne>[1] = {}): Promise<Routed> {
  const routed = await routeOne(contract, options);
  await settleOne(contract, routed.ref, DEAD);
  return routed;
}

/** The timers of these deliveries that can be claimed now. Claims those of other tests on the way. */
export async function claimableOf(contract: StoreContract, routed: readonly Pick<Routed, 'ref'>[]) {
  const ids = new Set(routed.map(({ ref }) => ref.deliveryId));
  const claimed = await contract.store.claimDueTimers(100_000, 1_000);
  return claimed.filter(({ delivery }) => ids.has(delivery.deliveryId));
}
