import type { Notification } from '@belfry/core/notification';
import type { Selectable } from 'kysely';
import { inOrder } from '../lock-rows.ts';
import type { QueryContext } from '../query-context.ts';
import type { Schema } from '../schema.ts';
import { createStatement } from '../statement.ts';
import { insertNotifications } from './insert-notifications.ts';
import { keyOf } from './notifications.ts';

const KEY = { tenant: 'text', id: 'text' } as const;

export type NotificationState = Pick<Selectable<Schema['notifications']>, 'tenant' | 'id' | 'status' | 'swept'>;

const readStates = createStatement({ input: KEY }, ({ db, dialect }, { input }) =>
  db
    .selectFrom(input)
    .innerJoin('notifications as n', (join) =>
      join.onRef('n.tenant', '=', 'input.tenant').onRef('n.id', '=', 'input.id'),
    )
    .select(['n.tenant', 'n.id', 'n.status', 'n.swept'])
    // Held to the end: a cancellation waits for this routing, or this routing sees it. Routings of one notification to its many recipients do not wait for each other.
    .$if(dialect.locksRows, (query) => query.orderBy('n.tenant').orderBy('n.id').forKeyShare('n')),
);

const setRouted = createStatement({ input: KEY }, ({ db }, { input }) =>
  db
    .updateTable('notifications')
    .from(input)
    .set({ status: 'routed', swept: 0 })
    .whereRef('notifications.tenant', '=', 'input.tenant')
    .whereRef('notifications.id', '=', 'input.id'),
);

/** How the notifications stand, by their keys; what is not there is missing. Holds them until the transaction ends. */
export async function readNotificationStates(
  context: QueryContext,
  notifications: readonly Notification[],
): Promise<Map<string, NotificationState>> {
  const rows = await readStates(context, { input: notifications });
  return new Map(rows.map((row) => [keyOf(row), row]));
}

/** Makes those that came straight through the log; another router may have been faster with some. */
export async function insertMissingNotifications(
  context: QueryContext,
  missing: readonly Notification[],
): Promise<void> {
  await insertNotifications(
    context,
    'routed',
    missing.map((notification) => ({ notification, bodyHash: '' })),
  );
}

/** Counts as routed what is about to be. */
export async function markRouted(context: QueryContext, states: ReadonlyMap<string, NotificationState>): Promise<void> {
  // Routed after its deadline: the sweep that ends unseen realtime deliveries must come by again.
  const changing = [...states.values()].filter(
    ({ status, swept }) => status === 'accepting' || status === 'accepted' || (status === 'routed' && swept === 1),
  );
  if (changing.length === 0) return;
  // The order of the rows is the order in which they are locked.
  await setRouted(context, { input: inOrder(changing, 'tenant', 'id') });
}
