import type { QueryContext } from '../query-context.ts';
import { createStatement } from '../statement.ts';
import { markRedriven } from './letters.ts';
import { removeTimersOf } from './timers.ts';

export type WaitingDelivery = {
  readonly tenant: string;
  readonly notification_id: string;
  readonly id: string;
  readonly redrive: number;
};

const DELIVERY_KEY = { tenant: 'text', notification_id: 'text', id: 'text' } as const;

const end = createStatement(
  { input: DELIVERY_KEY, state: 'text', reason: 'text', nowMs: 'integer' },
  ({ db }, { input, state, reason, nowMs }) =>
    db
      .updateTable('deliveries')
      .from(input)
      .set({ state: state.$castTo<'acknowledged' | 'cancelled'>(), reason, due_at_ms: null, updated_at_ms: nowMs })
      .whereRef('deliveries.tenant', '=', 'input.tenant')
      .whereRef('deliveries.notification_id', '=', 'input.notification_id')
      .whereRef('deliveries.id', '=', 'input.id'),
);

/** Ends deliveries that wait, with their timers and the letters that they were redriven from. */
export async function endWaiting(
  context: QueryContext,
  waiting: readonly WaitingDelivery[],
  state: 'acknowledged' | 'cancelled',
): Promise<void> {
  if (waiting.length === 0) return;
  await end(context, { input: waiting, state, reason: state, nowMs: context.nowMs });
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
