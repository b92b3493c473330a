import type { Notification } from '@belfry/core/notification';
import type { Selectable } from 'kysely';
import { inOrder } from '../lock-rows.ts';
import type { QueryContext } from '../query-context.ts';
import type { Schema } from '../schema.ts';
import { insertNotifications } from './insert-notifications.ts';
import { keyOf } from './notifications.ts';

const KEY = { tenant: 'text', id: 'text' } as const;

export type NotificationState = Pick<Selectable<Schema['notifications']>, 'tenant' | 'id' | 'status' | 'swept'>;

/** Makes sure that the notifications are there: one may have come straight through the log. Returns how they stand, by their keys. */
export async function ensureNotifications(
  context: QueryContext,
  notifications: readonly Notification[],
): Promise<ReadonlyMap<string, NotificationState>> {
  const distinct = new Map(notifications.map((notification) => [keyOf(notification), notification]));
  const known = await readStates(context, [...distinct.values()]);
  const missing = [...distinct.values()].filter((notification) => !known.has(keyOf(notification)));
  if (missing.length === 0) return known;
  const items = missing.map((notification) => ({ notification, bodyHash: '' }));
  const inserted = await insertNotifications(context, 'routed', items).returning(['tenant', 'id']).execute();
  const ours = new Set(inserted.map(keyOf));
  // Another router was faster with the rest, and somebody may have cancelled them since.
  const others = missing.filter((notification) => !ours.has(keyOf(notification)));
  if (others.length > 0) for (const [key, row] of await readStates(context, others)) known.set(key, row);
  return known;
}

/** Counts as routed what is about to be. */
export async function markRouted(
  { db, dialect }: QueryContext,
  states: ReadonlyMap<string, NotificationState>,
): Promise<void> {
  // Routed after its deadline: the sweep that ends unseen realtime deliveries must come by again.
  const changing = [...states.values()].filter(
    ({ status, swept }) => status === 'accepting' || status === 'accepted' || (status === 'routed' && swept === 1),
  );
  if (changing.length === 0) return;
  // The order of the rows is the order in which they are locked.
  await db
    .updateTable('notifications')
    .from(dialect.rows('input', KEY, inOrder(changing, 'tenant', 'id')))
    .set({ status: 'routed', swept: 0 })
    .whereRef('notifications.tenant', '=', 'input.tenant')
    .whereRef('notifications.id', '=', 'input.id')
    .execute();
}

async function readStates({ db, dialect }: QueryContext, notifications: readonly Notification[]) {
  const keys = notifications.map(({ tenant, id }) => ({ tenant, id }));
  const rows = await db
    .selectFrom(dialect.rows('input', KEY, keys))
    .innerJoin('notifications as n', (join) =>
      join.onRef('n.tenant', '=', 'input.tenant').onRef('n.id', '=', 'input.id'),
    )
    .select(['n.tenant', 'n.id', 'n.status', 'n.swept'])
    // Held to the end: a cancellation waits for this routing, or this routing sees it. Routings of one notification to its many recipients do not wait for each other.
    .$if(dialect.locksRows, (query) => query.orderBy('n.tenant').orderBy('n.id').forKeyShare('n'))
    .execute();
  return new Map(rows.map((row) => [keyOf(row), row]));
}
