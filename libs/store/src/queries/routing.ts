import { type DeliveryRef, deliveryId, NO_DEVICE } from '@belfry/core/delivery';
import { type Channel, type Lane, laneOf, type Notification } from '@belfry/core/notification';
import { type Plan, plan, type SkipReason } from '@belfry/core/routing';
import type { RecipientKey, RouteEntry, RouteResult, SkippedDelivery } from '@belfry/core/store/routing';
import { createInsert } from '../insert-statement.ts';
import type { QueryContext } from '../query-context.ts';
import { createStatement } from '../statement.ts';
import { REF_COLUMNS, toDeliveryRef } from './delivery-refs.ts';
import { insertMissingNotifications, markRouted, readNotificationStates } from './notification-states.ts';
import { keyOf } from './notifications.ts';
import { readRecipients, recipientNameOf } from './recipients.ts';
import { ensureUsers } from './users.ts';

const PLACE = {
  tenant: 'text',
  user_id: 'text',
  stream_offset: 'integer',
  notification_id: 'text',
  visible: 'integer',
  collapse_key: 'text?',
  expires_at_ms: 'integer',
} as const;
const NEW_DELIVERY = {
  tenant: 'text',
  notification_id: 'text',
  id: 'text',
  recipient: 'text',
  channel: 'text',
  device_id: 'text',
  lane: 'text',
  state: 'text',
  reason: 'text?',
  attempt: 'integer',
  redrive: 'integer',
  created_at_ms: 'integer',
  updated_at_ms: 'integer',
  stream_offset: 'integer',
} as const;
const USER = { tenant: 'text', id: 'text' } as const;
const NOTIFICATION = { tenant: 'text', id: 'text' } as const;
const PAIR = { tenant: 'text', notification_id: 'text', user_id: 'text' } as const;

type Pair = { readonly tenant: string; readonly notification_id: string; readonly user_id: string };
type Place = Pair & { readonly stream_offset: number };
type Fresh = { readonly entry: RouteEntry; readonly planned: Plan; readonly offset: number };
type Stored = {
  readonly offset: number;
  realtimeDeliveryId: string | undefined;
  readonly queued: DeliveryRef[];
  readonly skipped: SkippedDelivery[];
};

/** Locks nothing while one of the notifications is not there: it is made first, and everybody locks notifications before users. */
const readHeads = createStatement({ input: USER, wanted: NOTIFICATION }, ({ db, dialect }, { input, wanted }) =>
  db
    .selectFrom(input)
    .innerJoin('users as u', (join) => join.onRef('u.tenant', '=', 'input.tenant').onRef('u.id', '=', 'input.id'))
    .select(['u.tenant', 'u.id', 'u.head'])
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom(wanted)
            .leftJoin('notifications as n', (join) =>
              join.onRef('n.tenant', '=', 'wanted.tenant').onRef('n.id', '=', 'wanted.id'),
            )
            .select('wanted.id')
            .where('n.id', 'is', null),
        ),
      ),
    )
    .$if(dialect.locksRows, (query) => query.orderBy('u.tenant').orderBy('u.id').forNoKeyUpdate('u')),
);

const moveHeads = createStatement({ input: { ...USER, head: 'integer' } }, ({ db }, { input }) =>
  db
    .updateTable('users')
    .from(input)
    .set((set) => ({ head: set.ref('input.head') }))
    .whereRef('users.tenant', '=', 'input.tenant')
    .whereRef('users.id', '=', 'input.id'),
);

const readPlaces = createStatement({ input: PAIR }, ({ db }, { input }) =>
  db
    .selectFrom(input)
    .innerJoin('inbox as i', (join) =>
      join
        .onRef('i.tenant', '=', 'input.tenant')
        .onRef('i.notification_id', '=', 'input.notification_id')
        .onRef('i.user_id', '=', 'input.user_id'),
    )
    .select(['i.tenant', 'i.notification_id', 'i.user_id', 'i.stream_offset']),
);

/** The realtime delivery, the first attempts that nobody settled yet, and what was skipped. */
const readRouted = createStatement({ input: PAIR }, ({ db }, { input }) =>
  db
    .selectFrom(input)
    .innerJoin('deliveries as d', (join) =>
      join
        .onRef('d.tenant', '=', 'input.tenant')
        .onRef('d.notification_id', '=', 'input.notification_id')
        .onRef('d.recipient', '=', 'input.user_id'),
    )
    .leftJoin('devices as v', (join) => join.onRef('v.tenant', '=', 'd.tenant').onRef('v.id', '=', 'd.device_id'))
    .select([...REF_COLUMNS, 'd.state', 'd.reason'])
    .where((where) =>
      where.or([
        where('d.channel', '=', 'realtime'),
        where('d.state', '=', 'skipped'),
        where.and([where('d.state', '=', 'queued'), where('d.attempt', '=', 1), where('d.redrive', '=', 0)]),
      ]),
    )
    .orderBy('d.id'),
);

const insertPlaces = createInsert('inbox', PLACE, (insert) => insert);
const insertDeliveries = createInsert('deliveries', NEW_DELIVERY, (insert) =>
  insert.onConflict((conflict) => conflict.doNothing()),
);

/**
 * The router's transaction. The streams are locked in sorted order; everything that is read after that stands still. Statements that need nothing of each other are sent
 * together, and are worked off in their order: the round trips are most of what a routing takes. So more is locked and read than is needed where something was
 * cancelled, or is routed for the first time ever.
 */
export async function route(context: QueryContext, entries: readonly RouteEntry[]): Promise<readonly RouteResult[]> {
  if (entries.length === 0) return [];
  const notifications = new Map(entries.map(({ notification }) => [keyOf(notification), notification]));
  const users = new Map(entries.map(toRecipient).map((user) => [recipientNameOf(user), user]));
  const lookUp = () =>
    Promise.all([
      readNotificationStates(context, [...notifications.values()]),
      lockStreams(context, [...users.values()], [...notifications.values()]),
      readPlaces(context, { input: entries.map(toPair) }),
      readRecipients(context, [...users.values()]),
    ]);
  let [states, heads, places, contextOf] = await lookUp();
  const missing = [...notifications].filter(([key]) => !states.has(key)).map(([, notification]) => notification);
  if (missing.length > 0) {
    // Sent before the look-up, so that it sees them; not waited for in between.
    const made = insertMissingNotifications(context, missing);
    [[states, heads, places, contextOf]] = await Promise.all([lookUp(), made]);
  }
  if (heads.size < users.size) {
    // New streams: another router may have made them, too, and stored something in them since they were looked for.
    const created = [...users.values()].filter((user) => !heads.has(recipientNameOf(user)));
    const made = ensureUsers(context, created);
    [[states, heads, places, contextOf]] = await Promise.all([lookUp(), made]);
  }
  const stored = await readStored(context, places);
  const isCancelled = ({ notification }: RouteEntry) => states.get(keyOf(notification))?.status === 'cancelled';
  const fresh = new Map<string, Fresh>();
  const results = entries.map((entry): RouteResult => {
    if (isCancelled(entry)) return { kind: 'cancelled' };
    const name = pairNameOf(toPair(entry));
    const known = stored.get(name);
    if (known !== undefined) {
      const { queued, ...stored } = known;
      return { kind: 'routed', inserted: false, ...stored, deliveries: queued };
    }
    const recipient = toRecipient(entry);
    const stream = recipientNameOf(recipient);
    const { devices, preferences } = contextOf(recipient);
    const planned = plan(entry.notification, entry.recipient, devices, preferences);
    const { deliveries } = planned;
    const offset = (heads.get(stream) ?? 0) + 1;
    heads.set(stream, offset);
    fresh.set(name, { entry, planned, offset });
    const realtimeDeliveryId = planned.realtime ? idOf(entry, 'realtime') : undefined;
    // The same pair again further on in this call meets what this entry stores.
    const skipped = skippedOf(entry, planned);
    stored.set(name, { offset, realtimeDeliveryId, queued: [...deliveries], skipped });
    return { kind: 'routed', offset, inserted: true, realtimeDeliveryId, deliveries, skipped };
  });
  await context.finish([markRouted(context, states), ...insertFresh(context, [...fresh.values()], heads)]);
  return results;
}

/** Locks the streams that are there, once the notifications are; returns the last offset of each. */
async function lockStreams(
  context: QueryContext,
  users: readonly RecipientKey[],
  notifications: readonly Notification[],
): Promise<Map<string, number>> {
  const rows = await readHeads(context, {
    input: users.map(({ tenant, user }) => ({ tenant, id: user })),
    wanted: notifications,
  });
  return new Map(rows.map((row) => [recipientNameOf({ tenant: row.tenant, user: row.id }), row.head]));
}

/** What an earlier routing stored at these places. */
async function readStored(context: QueryContext, places: readonly Place[]): Promise<Map<string, Stored>> {
  const stored = new Map<string, Stored>(
    places.map((row) => [
      pairNameOf(row),
      { offset: row.stream_offset, realtimeDeliveryId: undefined, queued: [], skipped: [] },
    ]),
  );
  if (stored.size === 0) return stored;
  for (const row of await readRouted(context, { input: places })) {
    const of = stored.get(pairNameOf({ ...row, user_id: row.recipient }));
    if (of === undefined) continue;
    const { id, channel, state, reason } = row;
    if (state === 'skipped') of.skipped.push({ deliveryId: id, channel, reason: reason as SkipReason });
    else if (channel === 'realtime') of.realtimeDeliveryId = id;
    else of.queued.push(toDeliveryRef(row));
  }
  return stored;
}

function insertFresh(
  context: QueryContext,
  fresh: readonly Fresh[],
  heads: ReadonlyMap<string, number>,
): readonly Promise<unknown>[] {
  if (fresh.length === 0) return [];
  const places = fresh.map(({ entry, planned, offset }) => ({
    ...toPair(entry),
    stream_offset: offset,
    visible: planned.realtime ? 1 : 0,
    collapse_key: entry.notification.collapseKey ?? null,
    expires_at_ms: entry.notification.expiresAtMs,
  }));
  const moved = new Map(
    fresh.map(({ entry }) => {
      const { tenant, user } = toRecipient(entry);
      const name = recipientNameOf({ tenant, user });
      return [name, { tenant, id: user, head: heads.get(name) ?? 0 }];
    }),
  );
  return [
    insertPlaces(context, { input: places }),
    insertDeliveries(context, { input: fresh.flatMap((each) => toDeliveryRows(each, context.nowMs)) }),
    moveHeads(context, { input: [...moved.values()] }),
  ];
}

function toDeliveryRows({ entry, planned, offset }: Fresh, nowMs: number) {
  const { notification, recipient } = entry;
  const row = (
    id: string,
    channel: Channel,
    state: string,
    own: { device_id?: string; lane?: Lane; reason?: string } = {},
  ) => ({
    tenant: notification.tenant,
    notification_id: notification.id,
    id,
    recipient,
    channel,
    device_id: NO_DEVICE,
    lane: laneOf(notification.priority),
    state,
    reason: null,
    attempt: 1,
    redrive: 0,
    created_at_ms: nowMs,
    updated_at_ms: nowMs,
    stream_offset: offset,
    ...own,
  });
  return [
    ...(planned.realtime ? [row(idOf(entry, 'realtime'), 'realtime', 'stored')] : []),
    ...planned.deliveries.map(({ deliveryId: id, channel, deviceId, lane }) =>
      row(id, channel, 'queued', { device_id: deviceId, lane }),
    ),
    ...skippedOf(entry, planned).map(({ deliveryId: id, channel, reason }) => row(id, channel, 'skipped', { reason })),
  ];
}

function skippedOf(entry: RouteEntry, { skipped }: Plan): SkippedDelivery[] {
  return skipped.map((each) => ({ ...each, deliveryId: idOf(entry, each.channel) }));
}

/** Of the one delivery to the recipient over a channel, where it has no device. */
function idOf({ notification, recipient }: RouteEntry, channel: Channel): string {
  return deliveryId(notification.tenant, notification.id, recipient, channel, NO_DEVICE);
}

function toRecipient({ notification, recipient }: RouteEntry): RecipientKey {
  return { tenant: notification.tenant, user: recipient };
}

function toPair({ notification, recipient }: RouteEntry): Pair {
  return { tenant: notification.tenant, notification_id: notification.id, user_id: recipient };
}

function pairNameOf({ tenant, notification_id, user_id }: Pair): string {
  return `${tenant}\u0000${notification_id}\u0000${user_id}`;
}
