import type { TenantId } from '@belfry/core/notification';
import type { DeadLetter, DeadLetterFilter, DeadLetterGroup } from '@belfry/core/store/dead-letters';
import { type ExpressionBuilder, type ExpressionWrapper, type SqlBool, sql } from 'kysely';
import type { QueryContext } from '../query-context.ts';
import type { Schema } from '../schema.ts';

/** The condition that a filter stands for; every field that is set must match. */
export function matches(
  where: ExpressionBuilder<Schema, 'dead_letters'>,
  tenant: TenantId,
  filter: DeadLetterFilter,
): ExpressionWrapper<Schema, 'dead_letters', SqlBool> {
  const conditions = [where('dead_letters.tenant', '=', tenant)];
  if (filter.channel !== undefined) conditions.push(where('dead_letters.channel', '=', filter.channel));
  if (filter.fingerprint !== undefined) conditions.push(where('dead_letters.fingerprint', '=', filter.fingerprint));
  if (filter.recipient !== undefined) conditions.push(where('dead_letters.recipient', '=', filter.recipient));
  if (filter.notificationId !== undefined) {
    conditions.push(where('dead_letters.notification_id', '=', filter.notificationId));
  }
  if (filter.state !== undefined) conditions.push(where('dead_letters.state', '=', filter.state));
  return where.and(conditions);
}

export async function listDeadLetters(
  { db }: QueryContext,
  tenant: TenantId,
  filter: DeadLetterFilter,
  before: string | undefined,
  limit: number,
): Promise<{ readonly items: readonly DeadLetter[]; readonly next: string | undefined }> {
  let query = db
    .selectFrom('dead_letters')
    .selectAll()
    .where((where) => matches(where, tenant, filter));
  if (before !== undefined) {
    const last = await db
      .selectFrom('dead_letters')
      .select(['created_at_ms', 'id'])
      .where('tenant', '=', tenant)
      .where('id', '=', before)
      .executeTakeFirst();
    // It was purged, and everything older with it.
    if (last === undefined) return { items: [], next: undefined };
    query = query.where((where) =>
      where(
        where.refTuple('dead_letters.created_at_ms', 'dead_letters.id'),
        '<',
        where.tuple(last.created_at_ms, last.id),
      ),
    );
  }
  const rows = await query
    .orderBy('created_at_ms', 'desc')
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute();
  const items = rows.slice(0, limit).map(
    (row): DeadLetter => ({
      id: row.id,
      tenant: row.tenant,
      deliveryId: row.delivery_id,
      notificationId: row.notification_id,
      recipient: row.recipient,
      channel: row.channel,
      device: row.device_id,
      reason: row.reason,
      fingerprint: row.fingerprint,
      state: row.state,
      redrive: row.redrive,
      createdAtMs: row.created_at_ms,
      origin: row.origin === null ? undefined : (JSON.parse(row.origin) as DeadLetter['origin']),
      attempts: JSON.parse(row.attempts) as DeadLetter['attempts'],
    }),
  );
  return { items, next: rows.length > limit ? items.at(-1)?.id : undefined };
}

/** Open letters by cause, the most frequent first. */
export async function groupDeadLetters({ db }: QueryContext, tenant: TenantId): Promise<readonly DeadLetterGroup[]> {
  const rows = await db
    .selectFrom('dead_letters')
    .select(({ fn }) => ['fingerprint', 'channel', fn.countAll().as('count')])
    .select([sql<string>`min(reason)`.as('reason'), sql<number>`max(created_at_ms)`.as('newest')])
    .where('tenant', '=', tenant)
    .where(sql<boolean>`state = 'open'`)
    .groupBy(['fingerprint', 'channel'])
    .orderBy('count', 'desc')
    .orderBy('fingerprint')
    .execute();
  return rows.map((row) => ({
    fingerprint: row.fingerprint,
    channel: row.channel,
    reason: row.reason,
    count: Number(row.count),
    newestAtMs: Number(row.newest),
  }));
}
