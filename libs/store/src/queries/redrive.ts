import {
  MAX_REDRIVE_BATCH,
  MAX_REDRIVES,
  type RedriveRequest,
  type RedriveResult,
} from '@belfry/core/store/dead-letters';
import { createRowLock } from '../lock-rows.ts';
import type { QueryContext } from '../query-context.ts';
import { createStatement } from '../statement.ts';
import { matches } from './dead-letters.ts';
import { putTimers } from './timers.ts';

const LETTER_KEY = { tenant: 'text', id: 'text' } as const;
const REOPENED = {
  tenant: 'text',
  notification_id: 'text',
  id: 'text',
  due_at_ms: 'integer',
} as const;

/** The id first: it is what everybody who locks deliveries sorts them by. */
const DELIVERY_KEY = { id: 'text', notification_id: 'text', tenant: 'text' } as const;

const lockDeliveries = createRowLock('deliveries', DELIVERY_KEY);
const lockDeadLetters = createRowLock('dead_letters', LETTER_KEY);

const readOrigins = createStatement({ input: LETTER_KEY }, ({ db }, { input }) =>
  db
    .selectFrom(input)
    .innerJoin('dead_letters as l', (join) =>
      join.onRef('l.tenant', '=', 'input.tenant').onRef('l.id', '=', 'input.id'),
    )
    .select(['l.delivery_id', 'l.notification_id']),
);

/** Against cancelling; routings and each other they do not keep waiting. */
const holdNotifications = createStatement({ input: { tenant: 'text', id: 'text' } }, ({ db }, { input }) =>
  db
    .selectFrom(input)
    .innerJoin('notifications as n', (join) =>
      join.onRef('n.tenant', '=', 'input.tenant').onRef('n.id', '=', 'input.id'),
    )
    .select('n.id')
    .orderBy('n.id')
    .forKeyShare('n'),
);

/** The letters with all that decides about them, oldest first: in this order they are released. */
const readLetters = createStatement({ input: LETTER_KEY }, ({ db }, { input }) =>
  db
    .selectFrom(input)
    .innerJoin('dead_letters as l', (join) =>
      join.onRef('l.tenant', '=', 'input.tenant').onRef('l.id', '=', 'input.id'),
    )
    .leftJoin('deliveries as d', (join) =>
      join
        .onRef('d.tenant', '=', 'l.tenant')
        .onRef('d.notification_id', '=', 'l.notification_id')
        .onRef('d.id', '=', 'l.delivery_id'),
    )
    .leftJoin('notifications as n', (join) =>
      join.onRef('n.tenant', '=', 'l.tenant').onRef('n.id', '=', 'l.notification_id'),
    )
    .leftJoin('inbox as i', (join) =>
      join
        .onRef('i.tenant', '=', 'l.tenant')
        .onRef('i.notification_id', '=', 'l.notification_id')
        .onRef('i.user_id', '=', 'l.recipient'),
    )
    .leftJoin('devices as v', (join) =>
      join.onRef('v.tenant', '=', 'l.tenant').onRef('v.id', '=', 'l.device_id').onRef('v.user_id', '=', 'l.recipient'),
    )
    .select(['l.id', 'l.delivery_id', 'l.notification_id', 'l.state', 'l.redrive'])
    .select(['d.state as delivery_state', 'd.redrive as delivery_redrive', 'n.status as notification_status'])
    .select(['n.expires_at_ms', 'i.acknowledged_at_ms', 'v.id as device_found'])
    .orderBy('l.created_at_ms')
    .orderBy('l.id'),
);

const setRedriving = createStatement({ input: LETTER_KEY }, ({ db }, { input }) =>
  db
    .updateTable('dead_letters')
    .from(input)
    .set({ state: 'redriving' })
    .whereRef('dead_letters.tenant', '=', 'input.tenant')
    .whereRef('dead_letters.id', '=', 'input.id'),
);

const reopenDeliveries = createStatement({ input: REOPENED, nowMs: 'integer' }, ({ db }, { input, nowMs }) =>
  db
    .updateTable('deliveries')
    .from(input)
    .set((set) => ({
      state: 'retrying',
      reason: 'redriven',
      attempt: 1,
      redrive: set('deliveries.redrive', '+', 1),
      due_at_ms: set.ref('input.due_at_ms'),
      updated_at_ms: nowMs,
    }))
    .whereRef('deliveries.tenant', '=', 'input.tenant')
    .whereRef('deliveries.notification_id', '=', 'input.notification_id')
    .whereRef('deliveries.id', '=', 'input.id'),
);

type Letter = Awaited<ReturnType<typeof readLetters>>[number];

export async function redrive(context: QueryContext, request: RedriveRequest): Promise<RedriveResult> {
  const repeated = await readTask(context, request);
  if (repeated !== undefined) return repeated;
  const ids = await selectIds(context, request);
  if (!request.dryRun) await lockLetters(context, ids, request);
  const letters = await readLetters(context, { input: ids.map((id) => ({ tenant: request.tenant, id })) });
  const skipped: Record<string, number> = {};
  const chosen = letters.filter((letter) => {
    const reason = whyNot(letter, context.nowMs);
    if (reason !== undefined) skipped[reason] = (skipped[reason] ?? 0) + 1;
    return reason === undefined;
  });
  const redriven = request.dryRun ? 0 : chosen.length;
  const result = { taskId: request.taskId, matched: letters.length, skipped, redriven };
  if (!request.dryRun) {
    await reopen(context, request, chosen);
    await writeTask(context, request, result);
  }
  return result;
}

/** Why a letter is left alone; undefined where it may be redriven. */
function whyNot(letter: Letter, nowMs: number): string | undefined {
  const stillDead = letter.delivery_state === 'dead-lettered' && letter.delivery_redrive === letter.redrive;
  if (letter.state !== 'open') return 'not-open';
  if (letter.expires_at_ms === null || letter.expires_at_ms <= nowMs) return 'expired';
  if (!stillDead) return 'not-open';
  if (letter.notification_status === 'cancelled') return 'cancelled';
  if (letter.acknowledged_at_ms !== null) return 'acknowledged';
  if (letter.device_found === null) return 'device-removed';
  if (letter.redrive >= MAX_REDRIVES) return 'redriven-too-often';
  return undefined;
}

async function selectIds({ db }: QueryContext, { tenant, selection }: RedriveRequest): Promise<readonly string[]> {
  if (selection.kind === 'ids') return [...new Set(selection.ids)].slice(0, MAX_REDRIVE_BATCH);
  // Without a state a filter means what can be redriven: letters done with would fill call after call and nothing would move.
  const filter = { state: 'open' as const, ...selection.filter };
  const rows = await db
    .selectFrom('dead_letters')
    .select('id')
    .where((where) => matches(where, tenant, filter))
    .orderBy('created_at_ms', 'desc')
    .orderBy('id', 'desc')
    .limit(MAX_REDRIVE_BATCH)
    .execute();
  return rows.map(({ id }) => id);
}

/** In the order in which everybody locks: the notifications against cancelling, their deliveries, then the letters. */
async function lockLetters(context: QueryContext, ids: readonly string[], { tenant }: RedriveRequest): Promise<void> {
  if (!context.dialect.locksRows) return;
  const keys = ids.map((id) => ({ tenant, id }));
  const letters = await readOrigins(context, { input: keys });
  const notifications = [...new Set(letters.map((letter) => letter.notification_id))];
  await holdNotifications(context, { input: notifications.map((id) => ({ tenant, id })) });
  const deliveries = letters.map(({ delivery_id: id, notification_id }) => ({ id, notification_id, tenant }));
  await lockDeliveries(context, deliveries);
  await lockDeadLetters(context, keys);
}

async function reopen(context: QueryContext, request: RedriveRequest, letters: readonly Letter[]): Promise<void> {
  if (letters.length === 0) return;
  const { nowMs } = context;
  const { tenant, ratePerSecond } = request;
  await setRedriving(context, { input: letters.map(({ id }) => ({ tenant, id })) });
  const waits = letters.map(({ delivery_id, notification_id }, index) => ({
    tenant,
    notificationId: notification_id,
    deliveryId: delivery_id,
    dueAtMs: nowMs + Math.ceil((index * 1_000) / ratePerSecond),
  }));
  const rows = waits.map((wait) => ({
    tenant,
    notification_id: wait.notificationId,
    id: wait.deliveryId,
    due_at_ms: wait.dueAtMs,
  }));
  await reopenDeliveries(context, { input: rows, nowMs });
  await putTimers(context, waits);
}

async function readTask({ db }: QueryContext, { tenant, taskId }: RedriveRequest): Promise<RedriveResult | undefined> {
  const row = await db
    .selectFrom('redrive_tasks')
    .select('result')
    .where('tenant', '=', tenant)
    .where('id', '=', taskId)
    .executeTakeFirst();
  return row === undefined ? undefined : (JSON.parse(row.result) as RedriveResult);
}

async function writeTask(
  { db, nowMs }: QueryContext,
  { tenant, taskId, requestedBy, ratePerSecond, selection }: RedriveRequest,
  result: RedriveResult,
): Promise<void> {
  await db
    .insertInto('redrive_tasks')
    .values({
      tenant,
      id: taskId,
      requested_by: requestedBy,
      created_at_ms: nowMs,
      rate_per_second: ratePerSecond,
      selection: JSON.stringify(selection),
      result: JSON.stringify(result),
    })
    .execute();
}
