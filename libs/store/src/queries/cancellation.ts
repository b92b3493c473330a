import type { NotificationId, TenantId } from '@belfry/core/notification';
import type { Cancellation } from '@belfry/core/store/ledger';
import type { QueryContext } from '../query-context.ts';
import { createStatement } from '../statement.ts';
import { endWaiting } from './end-waiting.ts';
import { countStates } from './ledger.ts';

const hide = createStatement(
  { input: { tenant: 'text', notification_id: 'text', user_id: 'text' } },
  ({ db }, { input }) =>
    db
      .updateTable('inbox')
      .from(input)
      .set({ visible: 0 })
      .whereRef('inbox.tenant', '=', 'input.tenant')
      .whereRef('inbox.notification_id', '=', 'input.notification_id')
      .whereRef('inbox.user_id', '=', 'input.user_id'),
);

export async function cancelNotification(
  context: QueryContext,
  tenant: TenantId,
  id: NotificationId,
): Promise<Cancellation | undefined> {
  const { db, dialect } = context;
  // First, so that a routing which runs beside this one waits here, or has stored everything that is ended below.
  if (dialect.locksRows) {
    await db
      .selectFrom('notifications')
      .select('id')
      .where('tenant', '=', tenant)
      .where('id', '=', id)
      .forUpdate()
      .execute();
  }
  const marked = await db
    .updateTable('notifications')
    .set({ status: 'cancelled' })
    .where('tenant', '=', tenant)
    .where('id', '=', id)
    .returning('id')
    .execute();
  if (marked.length === 0) return undefined;
  const unsent = await db
    .selectFrom('deliveries')
    .select(['tenant', 'notification_id', 'id', 'redrive', 'state', 'recipient'])
    .where('tenant', '=', tenant)
    .where('notification_id', '=', id)
    .where('state', 'in', ['queued', 'retrying', 'stored'])
    .$if(dialect.locksRows, (query) => query.orderBy('id').forNoKeyUpdate())
    .execute();
  await endWaiting(context, unsent, 'cancelled');
  const unseen = unsent.filter(({ state }) => state === 'stored');
  if (unseen.length > 0) {
    const rows = unseen.map(({ recipient }) => ({ tenant, notification_id: id, user_id: recipient }));
    await hide(context, { input: rows });
  }
  // Counted over all, not over this call, so that a repeat answers the same.
  const { cancelled = 0, sent = 0, delivered = 0, read = 0 } = await countStates(context, tenant, id);
  return { cancelled, alreadySent: sent + delivered + read };
}
