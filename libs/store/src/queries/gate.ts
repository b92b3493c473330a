import type { DeliveryRef, DeliveryState } from '@belfry/core/delivery';
import type { Device } from '@belfry/core/device';
import type { GateEntry } from '@belfry/core/store/gate';
import { type SqlBool, sql } from 'kysely';
import type { QueryContext } from '../query-context.ts';
import { toDevice } from './devices.ts';
import { keyOf, readNotifications } from './notifications.ts';

type GateRow = {
  readonly ordinal: number;
  readonly state: DeliveryState;
  readonly attempt: number;
  readonly redrive: number;
  readonly due_at_ms: number | null;
  readonly acknowledged_at_ms: number | null;
  readonly superseded: SqlBool;
};

/** One look into the collapse index, which holds no null keys: a notification without one is never superseded. */
const laterOfSameCollapseKey = sql<SqlBool>`exists (
  select 1 from inbox as later
  where later.tenant = i.tenant and later.user_id = i.user_id and later.collapse_key = i.collapse_key
    and later.collapse_key is not null and later.stream_offset > i.stream_offset
)`;

export async function readGate(
  context: QueryContext,
  refs: readonly DeliveryRef[],
): Promise<readonly (GateEntry | undefined)[]> {
  const rows = await readRows(context, refs);
  const notifications = await readNotifications(context, refs.map(toNotificationKey));
  const devices = await readDevices(context, refs);
  return refs.map((ref, index) => {
    const row = rows.get(index);
    const stored = notifications.get(keyOf(toNotificationKey(ref)));
    if (row === undefined || stored === undefined) return undefined;
    return {
      state: row.state,
      attempt: row.attempt,
      redrive: row.redrive,
      dueInMs: row.due_at_ms === null ? undefined : row.due_at_ms - context.nowMs,
      notification: stored.notification,
      device: devices.get(index),
      cancelled: stored.status === 'cancelled',
      acknowledged: row.acknowledged_at_ms !== null,
      superseded: Boolean(row.superseded),
    };
  });
}

async function readRows(
  { db, dialect }: QueryContext,
  refs: readonly DeliveryRef[],
): Promise<ReadonlyMap<number, GateRow>> {
  const keys = refs.map((ref) => ({ tenant: ref.tenant, notification_id: ref.notificationId, id: ref.deliveryId }));
  const rows = await db
    .selectFrom(dialect.rows('input', { tenant: 'text', notification_id: 'text', id: 'text' }, keys))
    .innerJoin('deliveries as d', (join) =>
      join
        .onRef('d.tenant', '=', 'input.tenant')
        .onRef('d.notification_id', '=', 'input.notification_id')
        .onRef('d.id', '=', 'input.id'),
    )
    .leftJoin('inbox as i', (join) =>
      join
        .onRef('i.tenant', '=', 'd.tenant')
        .onRef('i.notification_id', '=', 'd.notification_id')
        .onRef('i.user_id', '=', 'd.recipient'),
    )
    .select(['input.ordinal', 'd.state', 'd.attempt', 'd.redrive', 'd.due_at_ms', 'i.acknowledged_at_ms'])
    .select(laterOfSameCollapseKey.as('superseded'))
    .execute();
  return new Map(rows.map((row) => [row.ordinal, row]));
}

/** By the position of the ref. The user is compared too, so that nothing goes to an address that changed hands. */
async function readDevices(
  { db, dialect }: QueryContext,
  refs: readonly DeliveryRef[],
): Promise<ReadonlyMap<number, Device>> {
  const keys = refs.map((ref) => ({ tenant: ref.tenant, id: ref.deviceId, user_id: ref.recipient }));
  const rows = await db
    .selectFrom(dialect.rows('input', { tenant: 'text', id: 'text', user_id: 'text' }, keys))
    .innerJoin('devices as v', (join) =>
      join
        .onRef('v.tenant', '=', 'input.tenant')
        .onRef('v.id', '=', 'input.id')
        .onRef('v.user_id', '=', 'input.user_id'),
    )
    .select('input.ordinal')
    .selectAll('v')
    .execute();
  return new Map(rows.map((row) => [row.ordinal, toDevice(row)]));
}

function toNotificationKey(ref: DeliveryRef) {
  return { tenant: ref.tenant, id: ref.notificationId };
}
