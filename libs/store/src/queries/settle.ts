import type { PushChannel } from '@belfry/core/notification';
import type { Attempt } from '@belfry/core/outcome';
import type { Settlement } from '@belfry/core/store/gate';
import { createInsert } from '../insert-statement.ts';
import { createRowLock } from '../lock-rows.ts';
import type { QueryContext } from '../query-context.ts';
import { createStatement } from '../statement.ts';
import { insertLetters, markRedriven } from './letters.ts';
import { applySettlement, type SettledRow } from './settlement.ts';
import { putTimers, removeTimersOf } from './timers.ts';

/** The id first: it is what everybody who locks deliveries sorts them by. */
const DELIVERY_KEY = { id: 'text', notification_id: 'text', tenant: 'text' } as const;
const NEW_STATE = {
  ...DELIVERY_KEY,
  state: 'text',
  attempt: 'integer',
  reason: 'text?',
  due_at_ms: 'integer?',
} as const;
const NEW_ATTEMPT = {
  tenant: 'text',
  notification_id: 'text',
  delivery_id: 'text',
  redrive: 'integer',
  number: 'integer',
  at_ms: 'integer',
  duration_ms: 'float',
  outcome: 'text',
  code: 'text',
  reason: 'text',
  host: 'text',
} as const;

const DEVICE_VERSION = { tenant: 'text', id: 'text', version: 'integer' } as const;

const lockDeliveries = createRowLock('deliveries', DELIVERY_KEY);
const lockDevices = createRowLock('devices', { tenant: 'text', id: 'text' });

const readDeliveries = createStatement({ input: DELIVERY_KEY }, ({ db }, { input }) =>
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
    .leftJoin('notifications as n', (join) =>
      join.onRef('n.tenant', '=', 'd.tenant').onRef('n.id', '=', 'd.notification_id'),
    )
    .select(['d.id', 'd.recipient', 'd.channel', 'd.device_id', 'd.state', 'd.attempt', 'd.redrive', 'd.reason'])
    .select(['d.due_at_ms', 'i.acknowledged_at_ms', 'n.status'])
    .where('d.channel', '!=', 'realtime'),
);

const setStates = createStatement({ input: NEW_STATE, nowMs: 'integer' }, ({ db }, { input, nowMs }) =>
  db
    .updateTable('deliveries')
    .from(input)
    .set((set) => ({
      state: set.ref('input.state').$castTo<SettledRow['state']>(),
      attempt: set.ref('input.attempt'),
      reason: set.ref('input.reason'),
      due_at_ms: set.ref('input.due_at_ms'),
      updated_at_ms: nowMs,
    }))
    .whereRef('deliveries.tenant', '=', 'input.tenant')
    .whereRef('deliveries.notification_id', '=', 'input.notification_id')
    .whereRef('deliveries.id', '=', 'input.id'),
);

const insertAttempts = createInsert('attempts', NEW_ATTEMPT, (insert) =>
  insert.onConflict((conflict) => conflict.doNothing()),
);

const deleteDevices = createStatement({ input: DEVICE_VERSION }, ({ db }, { input }) =>
  db
    .deleteFrom('devices')
    .where((where) =>
      where(
        where.refTuple('tenant', 'id', 'version'),
        'in',
        where
          .selectFrom(input)
          .select(['input.tenant', 'input.id', 'input.version'])
          .$asTuple('tenant', 'id', 'version'),
      ),
    ),
);

type Present = {
  readonly before: SettledRow;
  after: SettledRow;
  readonly cancelled: boolean;
  readonly acknowledged: boolean;
  /** From the row: what a record says about a delivery is only a claim. */
  readonly recipient: string;
  readonly channel: PushChannel;
  readonly deviceId: string;
};
type Applied = { readonly settlement: Settlement; readonly present: Present };

export async function settle(context: QueryContext, settlements: readonly Settlement[]): Promise<readonly boolean[]> {
  if (settlements.length === 0) return [];
  const rows = await readForSettlement(context, settlements);
  const applied: Applied[] = [];
  // One after the other, so that a second settlement of the same attempt in one call loses as it would in the next.
  const results = settlements.map((settlement) => {
    const present = rows.get(settlement.ref.deliveryId);
    if (present === undefined) return false;
    const after = applySettlement(present.after, settlement, { ...present, nowMs: context.nowMs });
    if (after === undefined) return false;
    present.after = after;
    applied.push({ settlement, present });
    return true;
  });
  if (applied.length === 0) return results;
  await Promise.all([
    writeStates(context, applied),
    writeAttempts(context, applied),
    writeTimers(context, applied),
    // What a letter keeps of the attempts is read from where they were just written.
    writeLetters(context, applied),
  ]);
  await removeDevices(context, applied);
  return results;
}

async function readForSettlement(
  context: QueryContext,
  settlements: readonly Settlement[],
): Promise<ReadonlyMap<string, Present>> {
  const keys = [...new Map(settlements.map(({ ref }) => [ref.deliveryId, toKey(ref)])).values()];
  const [, rows] = await Promise.all([
    // An acknowledgement or a cancellation that runs beside this one waits here, or is seen by what is read after it.
    lockDeliveries(context, keys),
    readDeliveries(context, { input: keys }),
  ]);
  return new Map(
    rows.map((row) => {
      const before: SettledRow = {
        state: row.state,
        attempt: row.attempt,
        redrive: row.redrive,
        reason: row.reason ?? undefined,
        dueAtMs: row.due_at_ms ?? undefined,
      };
      const present: Present = {
        before,
        after: before,
        cancelled: row.status === 'cancelled',
        acknowledged: row.acknowledged_at_ms !== null,
        recipient: row.recipient,
        channel: row.channel as PushChannel,
        deviceId: row.device_id,
      };
      return [row.id, present];
    }),
  );
}

async function writeStates(context: QueryContext, applied: readonly Applied[]): Promise<void> {
  const rows = applied.map(({ settlement, present: { after } }) => ({
    ...toKey(settlement.ref),
    state: after.state,
    attempt: after.attempt,
    reason: after.reason ?? null,
    due_at_ms: after.dueAtMs ?? null,
  }));
  await setStates(context, { input: rows, nowMs: context.nowMs });
}

async function writeAttempts(context: QueryContext, applied: readonly Applied[]): Promise<void> {
  const rows = applied.flatMap(({ settlement: { ref, attempt } }) =>
    attempt === undefined ? [] : [toAttemptRow(ref, attempt)],
  );
  if (rows.length > 0) await insertAttempts(context, { input: rows });
}

function toAttemptRow(ref: Settlement['ref'], attempt: Attempt) {
  return {
    tenant: ref.tenant,
    notification_id: ref.notificationId,
    delivery_id: ref.deliveryId,
    redrive: ref.redrive,
    number: attempt.number,
    at_ms: attempt.atMs,
    duration_ms: attempt.durationMs,
    outcome: attempt.outcome,
    code: attempt.code,
    reason: attempt.reason,
    host: attempt.host,
  };
}

async function writeTimers(context: QueryContext, applied: readonly Applied[]): Promise<void> {
  const waits = applied.flatMap(({ settlement: { ref }, present: { after } }) =>
    after.dueAtMs === undefined ? [] : [{ ...ref, dueAtMs: after.dueAtMs }],
  );
  // A delivery that was never due later has never had a timer.
  const ended = applied.filter(({ present: { before, after } }) => {
    return before.dueAtMs !== undefined && after.dueAtMs === undefined;
  });
  await putTimers(context, waits);
  await removeTimersOf(
    context,
    ended.map(({ settlement }) => settlement.ref.deliveryId),
  );
}

async function writeLetters(context: QueryContext, applied: readonly Applied[]): Promise<void> {
  const dead = applied.filter(({ present }) => present.after.state === 'dead-lettered');
  await insertLetters(
    context,
    dead.flatMap(({ settlement: { ref, next }, present: { recipient, channel, deviceId } }) =>
      next.kind === 'dead-letter'
        ? [{ ref: { ...ref, recipient, channel, deviceId }, reason: next.reason, fingerprint: next.fingerprint }]
        : [],
    ),
  );
  const ended = applied.filter(({ present: { after } }) => after.redrive > 0 && after.dueAtMs === undefined);
  await markRedriven(
    context,
    ended.map(({ settlement: { ref } }) => ref),
  );
}

async function removeDevices(context: QueryContext, applied: readonly Applied[]): Promise<void> {
  const rows = applied.flatMap(({ settlement: { ref, removeDevice } }) =>
    removeDevice === undefined
      ? []
      : [{ tenant: ref.tenant, id: removeDevice.deviceId, version: removeDevice.version }],
  );
  if (rows.length === 0) return;
  await Promise.all([lockDevices(context, rows), deleteDevices(context, { input: rows })]);
}

function toKey(ref: Settlement['ref']) {
  return { tenant: ref.tenant, notification_id: ref.notificationId, id: ref.deliveryId };
}
