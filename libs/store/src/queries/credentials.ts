import type { ApiKey, Scope, Ticket } from '@belfry/core/store/credentials';
import { createInsert } from '../insert-statement.ts';
import type { QueryContext } from '../query-context.ts';
import { createStatement } from '../statement.ts';

const API_KEY = {
  id: 'text',
  tenant: 'text',
  secret_hash: 'text',
  scopes: 'text',
  expires_at_ms: 'integer?',
} as const;

const putApiKeys = createInsert('api_keys', API_KEY, (insert) =>
  insert.onConflict((conflict) =>
    conflict.column('id').doUpdateSet((set) => ({
      tenant: set.ref('excluded.tenant'),
      secret_hash: set.ref('excluded.secret_hash'),
      scopes: set.ref('excluded.scopes'),
      expires_at_ms: set.ref('excluded.expires_at_ms'),
    })),
  ),
);

const deleteOtherApiKeys = createStatement({ input: { id: 'text' } }, ({ db }, { input }) =>
  db.deleteFrom('api_keys').where('id', 'not in', (where) => where.selectFrom(input).select('input.id')),
);

export async function findApiKey({ db }: QueryContext, id: string): Promise<ApiKey | undefined> {
  const row = await db.selectFrom('api_keys').selectAll().where('id', '=', id).executeTakeFirst();
  if (row === undefined) return undefined;
  return {
    id: row.id,
    tenant: row.tenant,
    secretHash: row.secret_hash,
    scopes: JSON.parse(row.scopes) as readonly Scope[],
    expiresAtMs: row.expires_at_ms ?? undefined,
  };
}

export async function setApiKeys(context: QueryContext, keys: readonly ApiKey[]): Promise<void> {
  // In one order, so that processes that start together wait for each other and never in a circle.
  const input = keys
    .toSorted((one, other) => (one.id < other.id ? -1 : 1))
    .map((key) => ({
      id: key.id,
      tenant: key.tenant,
      secret_hash: key.secretHash,
      scopes: JSON.stringify(key.scopes),
      expires_at_ms: key.expiresAtMs ?? null,
    }));
  await putApiKeys(context, { input });
  await deleteOtherApiKeys(context, { input });
}

export async function createTicket({ db }: QueryContext, ticketHash: string, ticket: Ticket): Promise<void> {
  await db
    .insertInto('tickets')
    .values({ hash: ticketHash, tenant: ticket.tenant, user_id: ticket.user, expires_at_ms: ticket.expiresAtMs })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

export async function consumeTicket({ db, nowMs }: QueryContext, ticketHash: string): Promise<Ticket | undefined> {
  const row = await db
    .deleteFrom('tickets')
    .where('hash', '=', ticketHash)
    .returning(['tenant', 'user_id', 'expires_at_ms'])
    .executeTakeFirst();
  if (row === undefined || row.expires_at_ms <= nowMs) return undefined;
  return { tenant: row.tenant, user: row.user_id, expiresAtMs: row.expires_at_ms };
}
