import type { QueryContext } from '../query-context.ts';
import { markRedriven } from './letters.ts';
import { removeTimersOf } from './timers.ts';

export type WaitingDelivery = {
  readonly tenant: string;
  readonly notification_id: string;
  readonly id: string;
  readonly redrive: number;
};

/** Ends deliveries that wait, with their timers and the letters that they were redriven from. */
export async function endWaiting(
  context: QueryContext,
  waiting: readonly WaitingDelivery[],
  state: 'acknowledged' | 'cancelled',
): Promise<void> {
  if (waiting.length === 0) return;
  const { db, dialect, nowMs } = context;
  const keys = waiting.map(({ tenant, notification_id, id }) => ({ tenant, notification_id, id }));
  await db
    .updateTable('deliveries')
    .from(dialect.rows('input', { tenant: 'text', notification_id: 'text', id: 'text' }, keys))
    .set({ state, reason: state, due_at_ms: null, updated_at_ms: nowMs })
    .whereRef('deliveries.tenant', '=', 'input.tenant')
    .whereRef('deliveries.notification_id', '=', 'input.notification_id')
    .whereRef('deliveries.id', '=', 'input.id')
    .execute();
  await removeTimersOf(
    context,
    waiting.map(({ id }) => id),
  );
  const redriven = waiting.filter(({ redrive }) => redrive > 0);
  await markRedriven(
    context,
    redriven.map(({ tenant, id, redrive }) => ({ tenant, deliveryId: id, redrive })),
  );
}
