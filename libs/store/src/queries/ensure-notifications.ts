import type { Notification } from '@belfry/core/notification';
import type { QueryContext } from '../query-context.ts';
import { insertNotifications } from './insert-notifications.ts';
import { keyOf } from './notifications.ts';

const KEY = { tenant: 'text', id: 'text' } as const;

/**
 * Makes sure that the notifications are there (one may have come straight through the log) and counts as routed what is about to be.
 * Returns the keys of those that were cancelled, which must not be routed.
 */
export async function ensureNotifications(
  context: QueryContext,
  notifications: readonly Notification[],
): Promise<ReadonlySet<string>> {
  const { db, dialect } = context;
  const distinct = new Map(notifications.map((notification) => [keyOf(notification), notification]));
  const known = await readStates(context, [...distinct.values()]);
  const missing = [...distinct.values()].filter((notification) => !known.has(keyOf(notification)));
  if (missing.length > 0) {
    const items = missing.map((notification) => ({ notification, bodyHash: '' }));
    await insertNotifications(context, 'routed', items).execute();
  }
  // Routed after its deadline: the sweep that ends unseen realtime deliveries must come by again.
  const changing = [...known.values()].filter(
    ({ status, swept }) => status === 'accepting' || status === 'accepted' || (status === 'routed' && swept === 1),
  );
  if (changing.length > 0) {
    await db
      .updateTable('notifications')
      .from(dialect.rows('input', KEY, changing))
      .set({ status: 'routed', swept: 0 })
      .whereRef('notifications.tenant', '=', 'input.tenant')
      .whereRef('notifications.id', '=', 'input.id')
      .execute();
  }
  const cancelled = [...known].filter(([, { status }]) => status === 'cancelled');
  return new Set(cancelled.map(([key]) => key));
}

async function readStates({ db, dialect }: QueryContext, notifications: readonly Notification[]) {
  const keys = notifications.map(({ tenant, id }) => ({ tenant, id }));
  const rows = await db
    .selectFrom(dialect.rows('input', KEY, keys))
    .innerJoin('notifications as n', (join) =>
      join.onRef('n.tenant', '=', 'input.tenant').onRef('n.id', '=', 'input.id'),
    )
    .select(['n.tenant', 'n.id', 'n.status', 'n.swept'])
    // In sorted order and held to the end: a cancellation waits for this routing, or this routing sees it.
    .$if(dialect.locksRows, (query) => query.orderBy('n.tenant').orderBy('n.id').forUpdate('n'))
    .execute();
  return new Map(rows.map((row) => [keyOf(row), row]));
}
