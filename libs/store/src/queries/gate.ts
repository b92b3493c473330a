import type { DeliveryRef } from '@belfry/core/delivery';
import type { GateEntry } from '@belfry/core/store/gate';
import { type SqlBool, sql } from 'kysely';
import type { QueryContext } from '../query-context.ts';
import { createStatement } from '../statement.ts';
import { toDevice } from './devices.ts';
import { keyOf, readNotifications } from './notifications.ts';

/** One look into the collapse index, which holds no null keys: a notification without one is never superseded. */
const laterOfSameCollapseKey = sql<SqlBool>`exists (
  select 1 from inbox as later
  where later.tenant = i.tenant and later.user_id = i.user_id and later.collapse_key = i.collapse_key
    and later.collapse_key is not null and later.stream_offset > i.stream_offset
)`;

/** One look into the index of what is parked for the first time, the last before this one. */
const earlierDueAtMs = sql<number | null>`(
  select parked.due_at_ms from deliveries as parked
  where d.attempt = 1 and d.redrive = 0
    and parked.tenant = d.tenant and parked.recipient = d.recipient and parked.device_id = d.device_id and parked.lane = d.lane
    and parked.stream_offset < d.stream_offset and parked.state = 'retrying' and parked.attempt = 1 and parked.redrive = 0
  order by parked.stream_offset desc limit 1
)`;

const readRows = createStatement(
  { input: { tenant: 'text', notification_id: 'text', id: 'text' } },
  ({ db }, { input }) =>
    db
      .selectFrom(input)
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
      .select([laterOfSameCollapseKey.as('superseded'), earlierDueAtMs.as('earlier_due_at_ms')]),
);

/** The user is compared too, so that nothing goes to an address that changed hands. */
const readDevices = createStatement({ input: { tenant: 'text', id: 'text', user_id: 'text' } }, ({ db }, { input }) =>
  db
    .selectFrom(input)
    .innerJoin('devices as v', (join) =>
      join
        .onRef('v.tenant', '=', 'input.tenant')
        .onRef('v.id', '=', 'input.id')
        .onRef('v.user_id', '=', 'input.user_id'),
    )
    .select('input.ordinal')
    .selectAll('v'),
);

export async function readGate(
  context: QueryContext,
  refs: readonly DeliveryRef[],
): Promise<readonly (GateEntry | undefined)[]> {
  const [rows, notifications, deviceRows] = await Promise.all([
    readRows(context, { input: refs.map(toDeliveryKey) }),
    readNotifications(context, refs.map(toNotificationKey)),
    readDevices(context, {
      input: refs.map((ref) => ({ tenant: ref.tenant, id: ref.deviceId, user_id: ref.recipient })),
    }),
  ]);
  const byOrdinal = new Map(rows.map((row) => [row.ordinal, row]));
  const devices = new Map(deviceRows.map((row) => [row.ordinal, toDevice(row)]));
  return refs.map((ref, index) => {
    const row = byOrdinal.get(index);
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
      earlierDueInMs: row.earlier_due_at_ms === null ? undefined : row.earlier_due_at_ms - context.nowMs,
    };
  });
}

function toDeliveryKey(ref: DeliveryRef) {
  return { tenant: ref.tenant, notification_id: ref.notificationId, id: ref.deliveryId };
}

function toNotificationKey(ref: DeliveryRef) {
  return { tenant: ref.tenant, id: ref.notificationId };
}
