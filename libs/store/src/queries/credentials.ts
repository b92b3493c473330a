import type { ApiKey, Scope, Ticket } from '@belfry/core/store/credentials';
import type { QueryContext } from '../query-context.ts';

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

export async function setApiKeys({ db }: QueryContext, keys: readonly ApiKey[]): Promise<void> {
  // In one order, so that processes that start together wait for each other and never in a circle.
  const rows = keys
    .toSorted((one, other) => (one.id < other.id ? -1 : 1))
    .map((key) => ({
      id: key.id,
      tenant: key.tenant,
      secret_hash: key.secretHash,
      scopes: JSON.stringify(key.scopes),
      expires_at_ms: key.expiresAtMs ?? null,
    }));
  const ids = rows.map(({ id }) => id);
  for (const row of rows) {
    const { id: _id, ...values } = row;
    await db
      .insertInto('api_keys')
      .values(row)
      .onConflict((conflict) => conflict.column('id').doUpdateSet(values))
      .execute();
  }
  const others = db.deleteFrom('api_keys');
  await (ids.length === 0 ? others : others.where('id', 'not in', ids)).execute();
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
