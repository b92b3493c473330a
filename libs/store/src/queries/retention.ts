import { IDEMPOTENCY_KEY_TTL_MS } from '@belfry/core/store/idempotency';
import type { RetentionSettings } from '@belfry/core/store/retention';
import type { RealtimeChange } from '@belfry/core/store/user-stream';
import { type RawBuilder, sql } from 'kysely';
import type { Dialect } from '../dialect.ts';
import { createRowLock } from '../lock-rows.ts';
import type { QueryContext } from '../query-context.ts';
import { createStatement } from '../statement.ts';

const KEY = { tenant: 'text', id: 'text' } as const;
/** The id first: it is what everybody who locks deliveries sorts them by. */
const DELIVERY_KEY = { id: 'text', notification_id: 'text', tenant: 'text' } as const;

const lockDeliveries = createRowLock('deliveries', DELIVERY_KEY);

const readUnseen = createStatement({ input: KEY, limit: 'integer' }, ({ db }, { input, limit }) =>
  db
    .selectFrom(input)
    .innerJoin('deliveries as d', (join) =>
      join.onRef('d.tenant', '=', 'input.tenant').onRef('d.notification_id', '=', 'input.id'),
    )
    .select(['d.tenant', 'd.notification_id', 'd.id'])
    .where('d.state', '=', 'stored')
    .limit(limit),
);

const setExpired = createStatement({ input: DELIVERY_KEY, nowMs: 'integer' }, ({ db }, { input, nowMs }) =>
  db
    .updateTable('deliveries')
    .from(input)
    .set({ state: 'expired', reason: 'ttl-passed', updated_at_ms: nowMs })
    .whereRef('deliveries.tenant', '=', 'input.tenant')
    .whereRef('deliveries.notification_id', '=', 'input.notification_id')
    .whereRef('deliveries.id', '=', 'input.id')
    // Shown to somebody since it was read.
    .where('deliveries.state', '=', 'stored')
    .returning(['deliveries.tenant', 'deliveries.recipient', 'deliveries.notification_id', 'deliveries.id']),
);

const setSwept = createStatement({ input: KEY }, ({ db }, { input }) =>
  db
    .updateTable('notifications')
    .from(input)
    .set({ swept: 1 })
    .whereRef('notifications.tenant', '=', 'input.tenant')
    .whereRef('notifications.id', '=', 'input.id'),
);

const deleteNotifications = createStatement({ input: KEY }, ({ db }, { input }) =>
  db
    .deleteFrom('notifications')
    .where((where) =>
      where(
        where.refTuple('tenant', 'id'),
        'in',
        where.selectFrom(input).select(['input.tenant', 'input.id']).$asTuple('tenant', 'id'),
      ),
    ),
);

const deleteFrom = {
  attempts: createDelete('attempts', sql`tenant, notification_id, delivery_id, redrive, number`),
  inbox: createDelete('inbox', sql`tenant, notification_id, user_id`),
  deliveries: createDelete('deliveries', sql`tenant, notification_id, id`),
} as const;

/** Deletes up to `limit` rows of these notifications. */
function createDelete(table: 'attempts' | 'inbox' | 'deliveries', key: RawBuilder<unknown>) {
  return createStatement({ input: KEY, limit: 'integer' }, ({ db }, { input, limit }) => {
    const ofThese = sql`where (tenant, notification_id) in (select tenant, id from ${input}) limit ${limit}`;
    const deletion = deletionOf(sql.table(table), key, ofThese);
    return { compile: () => deletion.compile(db) };
  });
}

/**
 * Deletes what `choice` leaves of the table; returns a row for each. What locks or limits must be `materialized`: as a plain subquery PostgreSQL may run it anew for every row of the
 * table, each time with other rows as the first ones.
 */
function deletionOf(
  table: RawBuilder<unknown>,
  key: RawBuilder<unknown>,
  choice: RawBuilder<unknown>,
): RawBuilder<unknown> {
  return sql`
    with chosen as materialized (select ${key} from ${table} ${choice})
    delete from ${table} where (${key}) in (select ${key} from chosen) returning 1 as deleted`;
}

type Key = { readonly tenant: string; readonly id: string };

/** What somebody else is working on, or purging, is left to a later call. */
function skippingLocked({ locksRows }: Dialect): RawBuilder<unknown> {
  return locksRows ? sql`for update skip locked` : sql``;
}

/** Small steps of at most `limit` rows of each kind, so that no purge holds up the work for long. */
export async function purge(context: QueryContext, settings: RetentionSettings, limit: number): Promise<boolean> {
  const more = [
    await purgeNotifications(context, context.nowMs - settings.notificationsMs, limit),
    await purgeLetters(context, context.nowMs - settings.deadLettersMs, limit),
    await purgeCredentials(context, limit),
  ];
  return more.includes(true);
}

export async function expireUnseen(
  context: QueryContext,
  graceMs: number,
  limit: number,
): Promise<{ readonly changes: readonly RealtimeChange[]; readonly more: boolean }> {
  const { db, dialect, nowMs } = context;
  const due = await db
    .selectFrom('notifications')
    .select(['tenant', 'id'])
    .where(sql<boolean>`swept = 0`)
    .where('expires_at_ms', '<=', nowMs - graceMs)
    .orderBy('expires_at_ms')
    .limit(limit)
    .$if(dialect.locksRows, (query) => query.forUpdate().skipLocked())
    .execute();
  if (due.length === 0) return { changes: [], more: false };
  const unseen = await readUnseen(context, { input: due, limit });
  await lockDeliveries(context, unseen);
  const expired = await setExpired(context, { input: unseen, nowMs });
  const changes = expired.map((row) => ({
    tenant: row.tenant,
    user: row.recipient,
    notificationId: row.notification_id,
    deliveryId: row.id,
    state: 'expired' as const,
  }));
  // Some of these notifications may have more: they are swept by the next call, when nothing of them is left.
  if (unseen.length === limit) return { changes, more: true };
  await setSwept(context, { input: due });
  return { changes, more: due.length === limit };
}

/** Those whose deliveries have all ended, with all that belongs to them; one with many recipients takes several calls. */
async function purgeNotifications(context: QueryContext, beforeMs: number, limit: number): Promise<boolean> {
  const { db, dialect } = context;
  const old = await db
    .selectFrom('notifications as n')
    .select(['n.tenant', 'n.id'])
    .where(sql<boolean>`n.swept = 1`)
    .where('n.expires_at_ms', '<=', beforeMs)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('deliveries as d')
            .select('d.id')
            .whereRef('d.tenant', '=', 'n.tenant')
            .whereRef('d.notification_id', '=', 'n.id')
            .where('d.state', 'in', ['queued', 'retrying', 'stored']),
        ),
      ),
    )
    .orderBy('n.expires_at_ms')
    .limit(limit)
    .$if(dialect.locksRows, (query) => query.forUpdate('n').skipLocked())
    .execute();
  if (old.length === 0) return false;
  // Deliveries go last: as long as one is there, so is what tells its story.
  for (const table of ['attempts', 'inbox', 'deliveries'] as const) {
    if (await deleteOf(context, table, old, limit)) return true;
  }
  await deleteNotifications(context, { input: old });
  return old.length === limit;
}

/** True where the limit was reached, so that rows may be left. */
async function deleteOf(
  context: QueryContext,
  table: keyof typeof deleteFrom,
  notifications: readonly Key[],
  limit: number,
): Promise<boolean> {
  const rows = await deleteFrom[table](context, { input: notifications, limit });
  return rows.length === limit;
}

async function purgeLetters({ db, dialect }: QueryContext, beforeMs: number, limit: number): Promise<boolean> {
  const oldest = sql`order by created_at_ms limit ${limit} ${skippingLocked(dialect)}`;
  const letters = await deletionOf(
    sql`dead_letters`,
    sql`tenant, id`,
    sql`where created_at_ms <= ${beforeMs} and state <> 'redriving' ${oldest}`,
  ).execute(db);
  const jobs = await deletionOf(
    sql`unreadable_jobs`,
    sql`id`,
    sql`where created_at_ms <= ${beforeMs} ${oldest}`,
  ).execute(db);
  return letters.rows.length === limit || jobs.rows.length === limit;
}

async function purgeCredentials({ db, dialect, nowMs }: QueryContext, limit: number): Promise<boolean> {
  const skipping = skippingLocked(dialect);
  const tickets = await deletionOf(
    sql`tickets`,
    sql`hash`,
    sql`where expires_at_ms <= ${nowMs} order by expires_at_ms limit ${limit} ${skipping}`,
  ).execute(db);
  const keys = await deletionOf(
    sql`idempotency_keys`,
    sql`tenant, key`,
    sql`where created_at_ms <= ${nowMs - IDEMPOTENCY_KEY_TTL_MS} order by created_at_ms limit ${limit} ${skipping}`,
  ).execute(db);
  return tickets.rows.length === limit || keys.rows.length === limit;
}
