import type { TenantId, UserId } from '@belfry/core/notification';
import { NO_PREFERENCES, type Preferences } from '@belfry/core/preferences';
import type { RecipientKey } from '@belfry/core/store/routing';
import { createInsert } from '../insert-statement.ts';
import { inOrder } from '../lock-rows.ts';
import type { QueryContext } from '../query-context.ts';

const NEW_USER = { tenant: 'text', id: 'text', head: 'integer', created_at_ms: 'integer' } as const;
const SUBSCRIPTION = { tenant: 'text', topic: 'text', user_id: 'text' } as const;

const insertUsers = createInsert('users', NEW_USER, (insert) => insert.onConflict((conflict) => conflict.doNothing()));
const insertSubscriptions = createInsert('subscriptions', SUBSCRIPTION, (insert) =>
  insert.onConflict((conflict) => conflict.doNothing()).returning('user_id'),
);

/** Inserts the users that are not there yet. */
export async function ensureUsers(context: QueryContext, users: readonly RecipientKey[]): Promise<void> {
  if (users.length === 0) return;
  const rows = users.map(({ tenant, user }) => ({ tenant, id: user, head: 0, created_at_ms: context.nowMs }));
  await insertUsers(context, { input: inOrder(rows, 'tenant', 'id') });
}

export function toPreferences(stored: string | null): Preferences {
  return stored === null ? NO_PREFERENCES : (JSON.parse(stored) as Preferences);
}

export async function readPreferences({ db }: QueryContext, { tenant, user }: RecipientKey): Promise<Preferences> {
  const row = await db
    .selectFrom('users')
    .select('preferences')
    .where('tenant', '=', tenant)
    .where('id', '=', user)
    .executeTakeFirst();
  return toPreferences(row?.preferences ?? null);
}

export async function writePreferences(
  { db, nowMs }: QueryContext,
  { tenant, user }: RecipientKey,
  preferences: Preferences,
): Promise<void> {
  const stored = JSON.stringify(preferences);
  await db
    .insertInto('users')
    .values({ tenant, id: user, head: 0, preferences: stored, created_at_ms: nowMs })
    .onConflict((conflict) => conflict.columns(['tenant', 'id']).doUpdateSet({ preferences: stored }))
    .execute();
}

export async function subscribeTopic(
  context: QueryContext,
  tenant: TenantId,
  topic: string,
  users: readonly UserId[],
): Promise<number> {
  if (users.length === 0) return 0;
  await ensureUsers(
    context,
    users.map((user) => ({ tenant, user })),
  );
  const rows = users.map((user) => ({ tenant, topic, user_id: user }));
  const added = await insertSubscriptions(context, { input: inOrder(rows, 'user_id') });
  return added.length;
}

export async function unsubscribeTopic(
  { db }: QueryContext,
  tenant: TenantId,
  topic: string,
  user: UserId,
): Promise<boolean> {
  const removed = await db
    .deleteFrom('subscriptions')
    .where('tenant', '=', tenant)
    .where('topic', '=', topic)
    .where('user_id', '=', user)
    .returning('user_id')
    .execute();
  return removed.length > 0;
}

export async function listSubscribers(
  { db }: QueryContext,
  tenant: TenantId,
  topic: string,
  after: UserId | undefined,
  limit: number,
): Promise<readonly UserId[]> {
  const rows = await db
    .selectFrom('subscriptions')
    .select('user_id')
    .where('tenant', '=', tenant)
    .where('topic', '=', topic)
    .where('user_id', '>', after ?? '')
    .orderBy('user_id')
    .limit(limit)
    .execute();
  return rows.map((row) => row.user_id);
}
