import type { DeliveryState } from '@belfry/core/delivery';
import type { RecipientKey } from '@belfry/core/store/routing';
import type { RealtimeChange, RealtimeMark } from '@belfry/core/store/user-stream';
import { type RawBuilder, sql } from 'kysely';
import type { QueryContext } from '../query-context.ts';
import { endWaiting } from './end-waiting.ts';

const PAIR = { tenant: 'text', notification_id: 'text', user_id: 'text' } as const;
/** Changes that `markAllRead` returns at most; beyond it only the count is told. */
const MAX_CHANGES = 1_000;

type Pair = { readonly tenant: string; readonly notification_id: string; readonly user_id: string };

/** Where each realtime state may be reached from: ranks only rise. */
const BELOW = {
  sent: sql`('stored')`,
  delivered: sql`('stored', 'sent')`,
  read: sql`('stored', 'sent', 'delivered')`,
} as const satisfies Partial<Record<DeliveryState, RawBuilder<unknown>>>;

export async function markSent(
  context: QueryContext,
  marks: readonly RealtimeMark[],
): Promise<readonly RealtimeChange[]> {
  const pairs = toPairs(marks);
  await lockDeliveries(context, pairs, 'realtime');
  return raise(context, pairs, 'sent');
}

export function acknowledge(context: QueryContext, marks: readonly RealtimeMark[]): Promise<readonly RealtimeChange[]> {
  return confirm(context, toPairs(marks), 'delivered');
}

export function markRead(context: QueryContext, marks: readonly RealtimeMark[]): Promise<readonly RealtimeChange[]> {
  return confirm(context, toPairs(marks), 'read');
}

export async function markAllRead(
  context: QueryContext,
  { tenant, user }: RecipientKey,
): Promise<{ readonly count: number; readonly changes: readonly RealtimeChange[] }> {
  const unread = await context.db
    .selectFrom('inbox')
    .select(['tenant', 'notification_id', 'user_id'])
    .where('tenant', '=', tenant)
    .where('user_id', '=', user)
    .where('expires_at_ms', '>', context.nowMs)
    .where(sql<boolean>`visible = 1 and read_at_ms is null`)
    .execute();
  const changes = await confirm(context, unread, 'read');
  return { count: unread.length, changes: changes.slice(0, MAX_CHANGES) };
}

/** The recipient has seen it: nothing that still waits to tell them of it shall go out. */
async function confirm(
  context: QueryContext,
  pairs: readonly Pair[],
  state: 'delivered' | 'read',
): Promise<readonly RealtimeChange[]> {
  if (pairs.length === 0) return [];
  const { db, dialect, nowMs } = context;
  // Before anything is written or read: a settlement that runs beside this one waits here and then sees the acknowledgement, or this sees what it left waiting.
  await lockDeliveries(context, pairs, 'every channel');
  await db
    .updateTable('inbox')
    .from(dialect.rows('input', PAIR, pairs))
    .set({
      acknowledged_at_ms: sql<number>`coalesce(acknowledged_at_ms, ${nowMs})`,
      ...(state === 'read' ? { read_at_ms: nowMs } : {}),
    })
    .whereRef('inbox.tenant', '=', 'input.tenant')
    .whereRef('inbox.notification_id', '=', 'input.notification_id')
    .whereRef('inbox.user_id', '=', 'input.user_id')
    .where(state === 'read' ? 'inbox.read_at_ms' : 'inbox.acknowledged_at_ms', 'is', null)
    .execute();
  const changes = await raise(context, pairs, state);
  const waiting = await db
    .selectFrom(dialect.rows('input', PAIR, pairs))
    .innerJoin('deliveries as d', (join) =>
      join
        .onRef('d.tenant', '=', 'input.tenant')
        .onRef('d.notification_id', '=', 'input.notification_id')
        .onRef('d.recipient', '=', 'input.user_id'),
    )
    .select(['d.tenant', 'd.notification_id', 'd.id', 'd.redrive'])
    .where('d.state', '=', 'retrying')
    .execute();
  await endWaiting(context, waiting, 'acknowledged');
  return changes;
}

/** What these users have of these notifications, in the order in which everybody locks deliveries. */
async function lockDeliveries(
  { db, dialect }: QueryContext,
  pairs: readonly Pair[],
  channels: 'realtime' | 'every channel',
): Promise<void> {
  if (!dialect.locksRows || pairs.length === 0) return;
  await db
    .selectFrom(dialect.rows('input', PAIR, pairs))
    .innerJoin('deliveries as d', (join) =>
      join
        .onRef('d.tenant', '=', 'input.tenant')
        .onRef('d.notification_id', '=', 'input.notification_id')
        .onRef('d.recipient', '=', 'input.user_id'),
    )
    .select(sql`1`.as('locked'))
    .$if(channels === 'realtime', (query) => query.where('d.channel', '=', 'realtime'))
    .orderBy('d.id')
    .forNoKeyUpdate('d')
    .execute();
}

async function raise(
  { db, dialect, nowMs }: QueryContext,
  pairs: readonly Pair[],
  state: keyof typeof BELOW,
): Promise<readonly RealtimeChange[]> {
  if (pairs.length === 0) return [];
  const rows = await db
    .updateTable('deliveries')
    .from(dialect.rows('input', PAIR, pairs))
    .set({ state, updated_at_ms: nowMs })
    .whereRef('deliveries.tenant', '=', 'input.tenant')
    .whereRef('deliveries.notification_id', '=', 'input.notification_id')
    .whereRef('deliveries.recipient', '=', 'input.user_id')
    .where('deliveries.channel', '=', 'realtime')
    .where(sql<boolean>`deliveries.state in ${BELOW[state]}`)
    .returning(['deliveries.tenant', 'deliveries.recipient', 'deliveries.notification_id', 'deliveries.id'])
    .execute();
  return rows.map((row) => ({
    tenant: row.tenant,
    user: row.recipient,
    notificationId: row.notification_id,
    deliveryId: row.id,
    state,
  }));
}

function toPairs(marks: readonly RealtimeMark[]): readonly Pair[] {
  return marks.flatMap(({ tenant, user, notificationIds }) =>
    notificationIds.map((notification_id) => ({ tenant, notification_id, user_id: user })),
  );
}
