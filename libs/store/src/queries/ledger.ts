import type { DeliveryId, DeliveryState } from '@belfry/core/delivery';
import type { Notification, NotificationId, TenantId } from '@belfry/core/notification';
import type { LedgerDelivery, LedgerEntry } from '@belfry/core/store/ledger';
import type { QueryContext } from '../query-context.ts';
import { readAttempts } from './attempts.ts';

export async function readNotification(
  context: QueryContext,
  tenant: TenantId,
  id: NotificationId,
  after: DeliveryId | undefined,
  limit: number,
): Promise<LedgerEntry | undefined> {
  const row = await context.db
    .selectFrom('notifications')
    .select(['status', 'content'])
    .where('tenant', '=', tenant)
    .where('id', '=', id)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const { deliveries, next } = await readDeliveries(context, tenant, id, after, limit);
  return {
    notification: JSON.parse(row.content) as Notification,
    status: row.status,
    counts: await countStates(context, tenant, id),
    deliveries,
    next,
  };
}

export async function countStates(
  { db }: QueryContext,
  tenant: TenantId,
  id: NotificationId,
): Promise<Readonly<Partial<Record<DeliveryState, number>>>> {
  const rows = await db
    .selectFrom('deliveries')
    .select(({ fn }) => ['state', fn.countAll().as('count')])
    .where('tenant', '=', tenant)
    .where('notification_id', '=', id)
    .groupBy('state')
    .execute();
  return Object.fromEntries(rows.map((row) => [row.state, Number(row.count)]));
}

async function readDeliveries(
  context: QueryContext,
  tenant: TenantId,
  notificationId: NotificationId,
  after: DeliveryId | undefined,
  limit: number,
): Promise<{ readonly deliveries: readonly LedgerDelivery[]; readonly next: DeliveryId | undefined }> {
  const rows = await context.db
    .selectFrom('deliveries')
    .selectAll()
    .where('tenant', '=', tenant)
    .where('notification_id', '=', notificationId)
    .where('id', '>', after ?? '')
    .orderBy('id')
    .limit(limit + 1)
    .execute();
  const page = rows.slice(0, limit);
  const attempts = await readAttempts(
    context,
    page.map((row) => ({ tenant, notificationId, deliveryId: row.id })),
  );
  const deliveries = page.map(
    (row): LedgerDelivery => ({
      id: row.id,
      recipient: row.recipient,
      channel: row.channel,
      device: row.device_id,
      state: row.state,
      reason: row.reason ?? undefined,
      redrive: row.redrive,
      createdAtMs: row.created_at_ms,
      updatedAtMs: row.updated_at_ms,
      dueAtMs: row.due_at_ms ?? undefined,
      attempts: attempts.get(row.id) ?? [],
    }),
  );
  return { deliveries, next: rows.length > limit ? page.at(-1)?.id : undefined };
}
