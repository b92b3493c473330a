import type { StoreFigures } from '@belfry/core/store/retention';
import { sql } from 'kysely';
import type { QueryContext } from '../query-context.ts';

/** Literals in the conditions: only then does the planner see that a partial index has all that is asked for. */
export async function figures({ db, nowMs }: QueryContext): Promise<StoreFigures> {
  const queued = await db
    .selectFrom('deliveries')
    .select(sql<number>`count(*)`.as('count'))
    .select(sql<number | null>`min(created_at_ms)`.as('oldest'))
    .where(sql<boolean>`state = 'queued'`)
    .executeTakeFirstOrThrow();
  const retrying = await db
    .selectFrom('deliveries')
    .select(sql<number>`count(*)`.as('count'))
    .where(sql<boolean>`state = 'retrying'`)
    .executeTakeFirstOrThrow();
  const timers = await db
    .selectFrom('timers')
    .select(sql<number>`count(*)`.as('count'))
    .select(sql<number | null>`min(due_at_ms)`.as('earliest'))
    .executeTakeFirstOrThrow();
  const letters = await db
    .selectFrom('dead_letters')
    .select(sql<number>`count(*)`.as('count'))
    .where(sql<boolean>`state = 'open'`)
    .executeTakeFirstOrThrow();
  return {
    oldestQueuedMs: queued.oldest === null ? 0 : Math.max(0, nowMs - Number(queued.oldest)),
    queued: Number(queued.count),
    retrying: Number(retrying.count),
    timers: Number(timers.count),
    timerLatenessMs: timers.earliest === null ? 0 : Math.max(0, nowMs - Number(timers.earliest)),
    openDeadLetters: Number(letters.count),
  };
}
