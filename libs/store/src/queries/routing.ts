import { type DeliveryRef, deliveryId, REALTIME_DEVICE } from '@belfry/core/delivery';
import { type Channel, laneOf, type Notification } from '@belfry/core/notification';
import type { RecipientKey, RouteEntry, RouteResult } from '@belfry/core/store/routing';
import { insertRows } from '../insert-rows.ts';
import type { QueryContext } from '../query-context.ts';
import { ensureNotifications, markRouted } from './ensure-notifications.ts';
import { keyOf } from './notifications.ts';
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
  attempt: 'integer',
  redrive: 'integer',
  created_at_ms: 'integer',
  updated_at_ms: 'integer',
} as const;
const PAIR = { tenant: 'text', notification_id: 'text', user_id: 'text' } as const;

type Pair = { readonly tenant: string; readonly notification_id: string; readonly user_id: string };
type Stored = { readonly offset: number; realtimeDeliveryId: string | undefined; readonly queued: DeliveryRef[] };

/**
 * The router's transaction. The streams are locked first, in sorted order; everything that is read after that stands still. Statements that need nothing of each
 * other are made together: the round trips are most of what a routing takes.
 */
export async function route(context: QueryContext, entries: readonly RouteEntry[]): Promise<readonly RouteResult[]> {
  if (entries.length === 0) return [];
  const states = await ensureNotifications(
    context,
    entries.map((entry) => entry.notification),
  );
  const isCancelled = ({ notification }: RouteEntry) => states.get(keyOf(notification))?.status === 'cancelled';
  const live = entries.filter((entry) => !isCancelled(entry));
  const [, heads] = await Promise.all([markRouted(context, states), lockStreams(context, live)]);
  const stored = await readStored(context, live);
  const fresh = new Map<string, { readonly entry: RouteEntry; readonly offset: number }>();
  const results = entries.map((entry): RouteResult => {
    if (isCancelled(entry)) return { kind: 'cancelled' };
    const name = pairNameOf(toPair(entry));
    const known = stored.get(name);
    if (known !== undefined) {
      const { offset, realtimeDeliveryId, queued } = known;
      return { kind: 'routed', offset, inserted: false, realtimeDeliveryId, deliveries: queued };
    }
    const { notification, recipient, deliveries } = entry;
    const stream = userNameOf({ tenant: notification.tenant, user: recipient });
    const offset = (heads.get(stream) ?? 0) + 1;
    heads.set(stream, offset);
    fresh.set(name, { entry, offset });
    const realtimeDeliveryId = entry.realtime ? realtimeIdOf(notification, recipient) : undefined;
    // The same pair again further on in this call meets what this entry stores.
    stored.set(name, { offset, realtimeDeliveryId, queued: [...deliveries] });
    return { kind: 'routed', offset, inserted: true, realtimeDeliveryId, deliveries };
  });
  await insertFresh(context, [...fresh.values()], heads);
  return results;
}

async function lockStreams(context: QueryContext, entries: readonly RouteEntry[]): Promise<Map<string, number>> {
  const users = new Map<string, RecipientKey>();
  for (const { notification, recipient } of entries) {
    const key = { tenant: notification.tenant, user: recipient };
    users.set(userNameOf(key), key);
  }
  const heads = new Map<string, number>();
  await readHeads(context, [...users.values()], heads);
  const missing = [...users].filter(([name]) => !heads.has(name)).map(([, key]) => key);
  if (missing.length > 0) {
    await ensureUsers(context, missing);
    await readHeads(context, missing, heads);
  }
  return heads;
}

async function readHeads(
  { db, dialect }: QueryContext,
  users: readonly RecipientKey[],
  heads: Map<string, number>,
): Promise<void> {
  if (users.length === 0) return;
  const keys = users.map(({ tenant, user }) => ({ tenant, id: user }));
  const rows = await db
    .selectFrom(dialect.rows('input', { tenant: 'text', id: 'text' }, keys))
    .innerJoin('users as u', (join) => join.onRef('u.tenant', '=', 'input.tenant').onRef('u.id', '=', 'input.id'))
    .select(['u.tenant', 'u.id', 'u.head'])
    .$if(dialect.locksRows, (query) => query.orderBy('u.tenant').orderBy('u.id').forNoKeyUpdate('u'))
    .execute();
  for (const row of rows) heads.set(userNameOf({ tenant: row.tenant, user: row.id }), row.head);
}

/** What an earlier routing stored of these pairs: the place, the realtime delivery, and the first attempts that nobody settled yet. */
async function readStored({ db, dialect }: QueryContext, entries: readonly RouteEntry[]): Promise<Map<string, Stored>> {
  const places = await db
    .selectFrom(dialect.rows('input', PAIR, entries.map(toPair)))
    .innerJoin('inbox as i', (join) =>
      join
        .onRef('i.tenant', '=', 'input.tenant')
        .onRef('i.notification_id', '=', 'input.notification_id')
        .onRef('i.user_id', '=', 'input.user_id'),
    )
    .select(['i.tenant', 'i.notification_id', 'i.user_id', 'i.stream_offset'])
    .execute();
  const stored = new Map<string, Stored>(
    places.map((row) => [pairNameOf(row), { offset: row.stream_offset, realtimeDeliveryId: undefined, queued: [] }]),
  );
  if (stored.size === 0) return stored;
  const deliveries = await db
    .selectFrom(dialect.rows('input', PAIR, places))
    .innerJoin('deliveries as d', (join) =>
      join
        .onRef('d.tenant', '=', 'input.tenant')
        .onRef('d.notification_id', '=', 'input.notification_id')
        .onRef('d.recipient', '=', 'input.user_id'),
    )
    .select(['d.tenant', 'd.notification_id', 'd.recipient as user_id', 'd.id', 'd.channel', 'd.device_id', 'd.lane'])
    .where((where) =>
      where.or([
        where('d.channel', '=', 'realtime'),
        where.and([where('d.state', '=', 'queued'), where('d.attempt', '=', 1), where('d.redrive', '=', 0)]),
      ]),
    )
    .orderBy('d.id')
    .execute();
  for (const row of deliveries) {
    const of = stored.get(pairNameOf(row));
    if (of === undefined) continue;
    if (row.channel === 'realtime') of.realtimeDeliveryId = row.id;
    else {
      of.queued.push({
        tenant: row.tenant,
        deliveryId: row.id,
        notificationId: row.notification_id,
        recipient: row.user_id,
        channel: row.channel,
        deviceId: row.device_id,
        lane: row.lane,
        attempt: 1,
        redrive: 0,
      });
    }
  }
  return stored;
}

async function insertFresh(
  context: QueryContext,
  fresh: readonly { readonly entry: RouteEntry; readonly offset: number }[],
  heads: ReadonlyMap<string, number>,
): Promise<void> {
  if (fresh.length === 0) return;
  const { db, dialect, nowMs } = context;
  const places = insertRows(
    context,
    'inbox',
    PLACE,
    fresh.map(({ entry, offset }) => ({
      ...toPair(entry),
      stream_offset: offset,
      visible: entry.realtime ? 1 : 0,
      collapse_key: entry.notification.collapseKey ?? null,
      expires_at_ms: entry.notification.expiresAtMs,
    })),
  );
  const deliveries = insertRows(
    context,
    'deliveries',
    NEW_DELIVERY,
    fresh.flatMap(({ entry }) => toDeliveryRows(entry, nowMs)),
  ).onConflict((conflict) => conflict.doNothing());
  const moved = new Map<string, { tenant: string; id: string; head: number }>();
  for (const { entry } of fresh) {
    const key = { tenant: entry.notification.tenant, user: entry.recipient };
    moved.set(userNameOf(key), { tenant: key.tenant, id: key.user, head: heads.get(userNameOf(key)) ?? 0 });
  }
  const streams = db
    .updateTable('users')
    .from(dialect.rows('input', { tenant: 'text', id: 'text', head: 'integer' }, [...moved.values()]))
    .set((set) => ({ head: set.ref('input.head') }))
    .whereRef('users.tenant', '=', 'input.tenant')
    .whereRef('users.id', '=', 'input.id');
  await Promise.all([places.execute(), deliveries.execute(), streams.execute()]);
}

function toDeliveryRows({ notification, recipient, realtime, deliveries }: RouteEntry, nowMs: number) {
  const row = (id: string, channel: Channel, deviceId: string, lane: string, state: string) => ({
    tenant: notification.tenant,
    notification_id: notification.id,
    id,
    recipient,
    channel,
    device_id: deviceId,
    lane,
    state,
    attempt: 1,
    redrive: 0,
    created_at_ms: nowMs,
    updated_at_ms: nowMs,
  });
  const rows = deliveries.map((ref) => row(ref.deliveryId, ref.channel, ref.deviceId, ref.lane, 'queued'));
  if (!realtime) return rows;
  const lane = laneOf(notification.priority);
  return [row(realtimeIdOf(notification, recipient), 'realtime', REALTIME_DEVICE, lane, 'stored'), ...rows];
}

function realtimeIdOf(notification: Notification, recipient: string): string {
  return deliveryId(notification.tenant, notification.id, recipient, 'realtime', REALTIME_DEVICE);
}

function toPair({ notification, recipient }: RouteEntry): Pair {
  return { tenant: notification.tenant, notification_id: notification.id, user_id: recipient };
}

function pairNameOf({ tenant, notification_id, user_id }: Pair): string {
  return `${tenant}\u0000${notification_id}\u0000${user_id}`;
}

function userNameOf({ tenant, user }: RecipientKey): string {
  return `${tenant}\u0000${user}`;
}
