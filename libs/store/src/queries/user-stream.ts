import type { Notification } from '@belfry/core/notification';
import type { RecipientKey } from '@belfry/core/store/routing';
import type { InboxPage, StreamPage } from '@belfry/core/store/user-stream';
import { sql } from 'kysely';
import type { QueryContext } from '../query-context.ts';
import { createStatement } from '../statement.ts';

export async function epoch({ db }: QueryContext): Promise<string> {
  const row = await db.selectFrom('settings').select('value').where('name', '=', 'epoch').executeTakeFirstOrThrow();
  return row.value;
}

const readHeads = createStatement({ input: { tenant: 'text', id: 'text' } }, ({ db }, { input }) =>
  db
    .selectFrom(input)
    .innerJoin('users as u', (join) => join.onRef('u.tenant', '=', 'input.tenant').onRef('u.id', '=', 'input.id'))
    .select(['input.ordinal', 'u.head']),
);

export async function heads(context: QueryContext, users: readonly RecipientKey[]): Promise<readonly number[]> {
  const rows = await readHeads(context, { input: users.map(({ tenant, user }) => ({ tenant, id: user })) });
  const found = new Map(rows.map((row) => [row.ordinal, row.head]));
  return users.map((_, index) => found.get(index) ?? 0);
}

export async function readStream(
  context: QueryContext,
  { tenant, user }: RecipientKey,
  after: number,
  limit: number,
): Promise<StreamPage> {
  const { db, nowMs } = context;
  const [head = 0] = await heads(context, [{ tenant, user }]);
  const { oldest } = await db
    .selectFrom('inbox')
    .select(sql<number | null>`min(stream_offset)`.as('oldest'))
    .where('tenant', '=', tenant)
    .where('user_id', '=', user)
    .executeTakeFirstOrThrow();
  const rows = await db
    .selectFrom('inbox as i')
    .innerJoin('notifications as n', (join) =>
      join.onRef('n.tenant', '=', 'i.tenant').onRef('n.id', '=', 'i.notification_id'),
    )
    .select(['i.stream_offset', 'i.visible', 'i.expires_at_ms', 'n.content'])
    .where('i.tenant', '=', tenant)
    .where('i.user_id', '=', user)
    .where('i.stream_offset', '>', after)
    .orderBy('i.stream_offset')
    .limit(limit)
    .execute();
  return {
    items: rows.map((row) => ({
      offset: row.stream_offset,
      visible: row.visible === 1 && row.expires_at_ms > nowMs,
      notification: JSON.parse(row.content) as Notification,
    })),
    head,
    oldest: oldest === null ? head + 1 : Number(oldest),
  };
}

export async function readInbox(
  context: QueryContext,
  { tenant, user }: RecipientKey,
  before: number | undefined,
  limit: number,
): Promise<InboxPage> {
  const { db, nowMs } = context;
  const rows = await db
    .selectFrom('inbox as i')
    .innerJoin('notifications as n', (join) =>
      join.onRef('n.tenant', '=', 'i.tenant').onRef('n.id', '=', 'i.notification_id'),
    )
    .innerJoin('deliveries as d', (join) =>
      join
        .onRef('d.tenant', '=', 'i.tenant')
        .onRef('d.notification_id', '=', 'i.notification_id')
        .onRef('d.recipient', '=', 'i.user_id')
        .on('d.channel', '=', 'realtime'),
    )
    .select(['i.stream_offset', 'i.read_at_ms', 'n.content', 'd.state'])
    .where('i.tenant', '=', tenant)
    .where('i.user_id', '=', user)
    .where('i.stream_offset', '<', before ?? Number.MAX_SAFE_INTEGER)
    .where('i.visible', '=', 1)
    .where('i.expires_at_ms', '>', nowMs)
    .orderBy('i.stream_offset', 'desc')
    .limit(limit + 1)
    .execute();
  const page = rows.slice(0, limit);
  return {
    items: page.map((row) => ({
      offset: row.stream_offset,
      notification: JSON.parse(row.content) as Notification,
      read: row.read_at_ms !== null,
      readAtMs: row.read_at_ms ?? undefined,
      state: row.state,
    })),
    unread: await countUnread(context, { tenant, user }),
    next: rows.length > limit ? page.at(-1)?.stream_offset : undefined,
  };
}

async function countUnread({ db, nowMs }: QueryContext, { tenant, user }: RecipientKey): Promise<number> {
  const { count } = await db
    .selectFrom('inbox')
    .select(({ fn }) => fn.countAll().as('count'))
    .where('tenant', '=', tenant)
    .where('user_id', '=', user)
    .where('expires_at_ms', '>', nowMs)
    // Literals: only then does the planner see that the partial index of unread places has all that is asked for.
    .where(sql<boolean>`visible = 1 and read_at_ms is null`)
    .executeTakeFirstOrThrow();
  return Number(count);
}
