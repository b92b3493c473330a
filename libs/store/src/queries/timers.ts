import type { DeliveryRef } from '@belfry/core/delivery';
import type { ClaimedTimer } from '@belfry/core/store/timers';
import { sql } from 'kysely';
import { createInsert } from '../insert-statement.ts';
import type { QueryContext } from '../query-context.ts';
import { createStatement } from '../statement.ts';
import { REF_COLUMNS, toDeliveryRef } from './delivery-refs.ts';

const NEW_TIMER = {
  delivery_id: 'text',
  tenant: 'text',
  notification_id: 'text',
  due_at_ms: 'integer',
  claimable_at_ms: 'integer',
} as const;

const DELIVERY = { delivery_id: 'text' } as const;
const CLAIMED = { delivery_id: 'text', claim: 'integer' } as const;

const insertTimers = createInsert('timers', NEW_TIMER, (insert) =>
  insert.onConflict((conflict) =>
    conflict.column('delivery_id').doUpdateSet((set) => ({
      due_at_ms: set.ref('excluded.due_at_ms'),
      claimable_at_ms: set.ref('excluded.claimable_at_ms'),
      claim: null,
    })),
  ),
);

const deleteTimers = createStatement({ input: DELIVERY }, ({ db }, { input }) =>
  db.deleteFrom('timers').where('delivery_id', 'in', (where) => where.selectFrom(input).select('input.delivery_id')),
);

const setClaimed = createStatement(
  { input: DELIVERY, claim: 'integer', leaseEndMs: 'integer' },
  ({ db }, { input, claim, leaseEndMs }) =>
    db
      .updateTable('timers')
      .set({ claim, claimable_at_ms: leaseEndMs })
      .where('delivery_id', 'in', (where) => where.selectFrom(input).select('input.delivery_id')),
);

const readDue = createStatement({ input: DELIVERY }, ({ db }, { input }) =>
  db
    .selectFrom(input)
    .innerJoin('timers as t', 't.delivery_id', 'input.delivery_id')
    .innerJoin('deliveries as d', (join) =>
      join
        .onRef('d.tenant', '=', 't.tenant')
        .onRef('d.notification_id', '=', 't.notification_id')
        .onRef('d.id', '=', 't.delivery_id'),
    )
    .leftJoin('devices as v', (join) => join.onRef('v.tenant', '=', 'd.tenant').onRef('v.id', '=', 'd.device_id'))
    .select(['t.due_at_ms', ...REF_COLUMNS]),
);

/** Materialized: as a plain subquery PostgreSQL may run it, and lock what it finds, anew for every timer that there is. */
const deleteClaimed = createStatement({ input: CLAIMED }, ({ db, dialect }, { input }) =>
  db
    .with(
      (name) => name('chosen').materialized(),
      (expression) =>
        expression
          .selectFrom(input)
          .innerJoin('timers as t', (join) =>
            join.onRef('t.delivery_id', '=', 'input.delivery_id').onRef('t.claim', '=', 'input.claim'),
          )
          .select('t.delivery_id')
          // Somebody who has locked it sets or removes it: the claim is not ours any more.
          .$if(dialect.locksRows, (query) => query.forUpdate('t').skipLocked()),
    )
    .deleteFrom('timers')
    .where('delivery_id', 'in', (where) => where.selectFrom('chosen').select('chosen.delivery_id')),
);

export type Wait = Pick<DeliveryRef, 'tenant' | 'notificationId' | 'deliveryId'> & { readonly dueAtMs: number };

/** Sets the one timer of each delivery. A claim on the timer that was there is void. */
export async function putTimers(context: QueryContext, waits: readonly Wait[]): Promise<void> {
  if (waits.length === 0) return;
  const rows = waits.map(({ tenant, notificationId, deliveryId, dueAtMs }) => ({
    delivery_id: deliveryId,
    tenant,
    notification_id: notificationId,
    due_at_ms: dueAtMs,
    claimable_at_ms: dueAtMs,
  }));
  await insertTimers(context, { input: rows });
}

export async function removeTimersOf(context: QueryContext, deliveryIds: readonly string[]): Promise<void> {
  if (deliveryIds.length === 0) return;
  await deleteTimers(context, { input: deliveryIds.map((delivery_id) => ({ delivery_id })) });
}

export async function claimDueTimers(
  context: QueryContext,
  limit: number,
  leaseMs: number,
): Promise<readonly ClaimedTimer[]> {
  const { db, dialect, nowMs } = context;
  const due = await db
    .selectFrom('timers as t')
    .select(['t.delivery_id'])
    .where('t.claimable_at_ms', '<=', nowMs)
    .orderBy('t.claimable_at_ms')
    .limit(limit)
    .$if(dialect.locksRows, (query) => query.forUpdate('t').skipLocked())
    .execute();
  if (due.length === 0) return [];
  // Unique in the store, so that a claim on an earlier timer of the same delivery never proves anything about a later one.
  const { value: claim } = await db
    .updateTable('counters')
    .set((set) => ({ value: set('value', '+', 1) }))
    .where('name', '=', 'timer-claims')
    .returning('value')
    .executeTakeFirstOrThrow();
  await setClaimed(context, { input: due, claim, leaseEndMs: nowMs + leaseMs });
  const rows = await readDue(context, { input: due });
  return rows
    .toSorted((left, right) => left.due_at_ms - right.due_at_ms)
    .map((row) => ({
      id: row.id,
      claim: String(claim),
      dueAtMs: row.due_at_ms,
      delivery: toDeliveryRef(row),
    }));
}

export async function removeTimers(context: QueryContext, timers: readonly ClaimedTimer[]): Promise<void> {
  if (timers.length === 0) return;
  await deleteClaimed(context, { input: timers.map(({ id, claim }) => ({ delivery_id: id, claim: Number(claim) })) });
}

export async function nextTimerInMs({ db, nowMs }: QueryContext): Promise<number | undefined> {
  const { next } = await db
    .selectFrom('timers')
    .select(sql<number | null>`min(claimable_at_ms)`.as('next'))
    .executeTakeFirstOrThrow();
  return next === null ? undefined : Number(next) - nowMs;
}
