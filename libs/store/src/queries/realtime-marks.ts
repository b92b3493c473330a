import type { RecipientKey } from '@belfry/core/store/routing';
import type { RealtimeChange, RealtimeMark } from '@belfry/core/store/user-stream';
import { sql } from 'kysely';
import type { QueryContext } from '../query-context.ts';
import { createStatement } from '../statement.ts';
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
} as const;

/** What users have of notifications, in the order in which everybody locks deliveries. */
const lockRealtime = createLock('realtime');
const lockEveryChannel = createLock('every channel');

const raiseTo = { sent: createRaise('sent'), delivered: createRaise('delivered'), read: createRaise('read') } as const;

const setAcknowledged = createStatement({ input: PAIR, nowMs: 'integer' }, ({ db }, { input, nowMs }) =>
  db
    .updateTable('inbox')
    .from(input)
    .set({ acknowledged_at_ms: nowMs })
    .whereRef('inbox.tenant', '=', 'input.tenant')
    .whereRef('inbox.notification_id', '=', 'input.notification_id')
    .whereRef('inbox.user_id', '=', 'input.user_id')
    .where('inbox.acknowledged_at_ms', 'is', null),
);

const setRead = createStatement({ input: PAIR, nowMs: 'integer' }, ({ db }, { input, nowMs }) =>
  db
    .updateTable('inbox')
    .from(input)
    .set({ acknowledged_at_ms: sql<number>`coalesce(acknowledged_at_ms, ${nowMs})`, read_at_ms: nowMs })
    .whereRef('inbox.tenant', '=', 'input.tenant')
    .whereRef('inbox.notification_id', '=', 'input.notification_id')
    .whereRef('inbox.user_id', '=', 'input.user_id')
    .where('inbox.read_at_ms', 'is', null),
);

const readWaiting = createStatement({ input: PAIR }, ({ db }, { input }) =>
  db
    .selectFrom(input)
    .innerJoin('deliveries as d', (join) =>
      join
        .onRef('d.tenant', '=', 'input.tenant')
        .onRef('d.notification_id', '=', 'input.notification_id')
        .onRef('d.recipient', '=', 'input.user_id'),
    )
    .select(['d.tenant', 'd.notification_id', 'd.id', 'd.redrive'])
    .where('d.state', '=', 'retrying'),
);

function createLock(channels: 'realtime' | 'every channel') {
  return createStatement({ input: PAIR }, ({ db }, { input }) =>
    db
      .selectFrom(input)
      .innerJoin('deliveries as d', (join) =>
        join
          .onRef('d.tenant', '=', 'input.tenant')
          .onRef('d.notification_id', '=', 'input.notification_id')
          .onRef('d.recipient', '=', 'input.user_id'),
      )
      .select(sql`1`.as('locked'))
      .$if(channels === 'realtime', (query) => query.where('d.channel', '=', 'realtime'))
      .orderBy('d.id')
      .forNoKeyUpdate('d'),
  );
}

function createRaise(state: keyof typeof BELOW) {
  return createStatement({ input: PAIR, nowMs: 'integer' }, ({ db }, { input, nowMs }) =>
    db
      .updateTable('deliveries')
      .from(input)
      .set({ state, updated_at_ms: nowMs })
      .whereRef('deliveries.tenant', '=', 'input.tenant')
      .whereRef('deliveries.notification_id', '=', 'input.notification_id')
      .whereRef('deliveries.recipient', '=', 'input.user_id')
      .where('deliveries.channel', '=', 'realtime')
      .where(sql<boolean>`deliveries.state in ${BELOW[state]}`)
      .returning(['deliveries.tenant', 'deliveries.recipient', 'deliveries.notification_id', 'deliveries.id']),
  );
}

export async function markSent(
  context: QueryContext,
  marks: readonly RealtimeMark[],
): Promise<readonly RealtimeChange[]> {
  const pairs = toPairs(marks);
  if (pairs.length === 0) return [];
  const locked = context.dialect.locksRows ? lockRealtime(context, { input: pairs }) : undefined;
  const raised = raise(context, pairs, 'sent');
  await context.finish([...(locked === undefined ? [] : [locked]), raised]);
  return raised;
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
  const { dialect, nowMs } = context;
  const [, , changes, waiting] = await Promise.all([
    // Before anything is written or read: a settlement that runs beside this one waits here and then sees the acknowledgement, or this sees what it left waiting.
    dialect.locksRows ? lockEveryChannel(context, { input: pairs }) : undefined,
    (state === 'read' ? setRead : setAcknowledged)(context, { input: pairs, nowMs }),
    raise(context, pairs, state),
    readWaiting(context, { input: pairs }),
  ]);
  await endWaiting(context, waiting, 'acknowledged');
  return changes;
}

async function raise(
  context: QueryContext,
  pairs: readonly Pair[],
  state: keyof typeof BELOW,
): Promise<readonly RealtimeChange[]> {
  const rows = await raiseTo[state](context, { input: pairs, nowMs: context.nowMs });
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
