import type { DeliveryRef } from '@belfry/core/delivery';
import type { Attempt } from '@belfry/core/outcome';
import type { QueryContext } from '../query-context.ts';
import { createStatement } from '../statement.ts';

export type StoredAttempt = Attempt & { readonly redrive: number };

const KEY = { tenant: 'text', notification_id: 'text', delivery_id: 'text' } as const;

const readMade = createStatement({ input: KEY }, ({ db }, { input }) =>
  db
    .selectFrom(input)
    .innerJoin('attempts as a', (join) =>
      join
        .onRef('a.tenant', '=', 'input.tenant')
        .onRef('a.notification_id', '=', 'input.notification_id')
        .onRef('a.delivery_id', '=', 'input.delivery_id'),
    )
    .selectAll('a')
    .orderBy('a.redrive')
    .orderBy('a.number'),
);

/** Attempts by delivery id, in the order in which they were made. */
export async function readAttempts(
  context: QueryContext,
  deliveries: readonly Pick<DeliveryRef, 'tenant' | 'notificationId' | 'deliveryId'>[],
): Promise<ReadonlyMap<string, readonly StoredAttempt[]>> {
  const keys = deliveries.map(({ tenant, notificationId, deliveryId }) => ({
    tenant,
    notification_id: notificationId,
    delivery_id: deliveryId,
  }));
  const rows = await readMade(context, { input: keys });
  const byDelivery = new Map<string, StoredAttempt[]>();
  for (const row of rows) {
    const list = byDelivery.get(row.delivery_id);
    const attempt: StoredAttempt = {
      number: row.number,
      atMs: row.at_ms,
      durationMs: row.duration_ms,
      outcome: row.outcome,
      code: row.code,
      reason: row.reason,
      host: row.host,
      redrive: row.redrive,
    };
    if (list === undefined) byDelivery.set(row.delivery_id, [attempt]);
    else list.push(attempt);
  }
  return byDelivery;
}
