import type { Notification, NotificationId, TenantId } from '@belfry/core/notification';
import type { QueryContext } from '../query-context.ts';
import type { NotificationStatus } from '../schema.ts';
import { createStatement } from '../statement.ts';

export type NotificationKey = { readonly tenant: TenantId; readonly id: NotificationId };

export type StoredNotification = {
  readonly notification: Notification;
  readonly status: NotificationStatus;
  readonly bodyHash: string;
  readonly acceptingSinceMs: number;
};

/** Joins parts into one map key. Neither tenants nor ids hold the separator, which is no visible character. */
export function keyOf({ tenant, id }: NotificationKey): string {
  return `${tenant}\u0000${id}`;
}

const KEY = { tenant: 'text', id: 'text' } as const;

const read = createRead('as they are');
const readAndLock = createRead('locked');

function createRead(rows: 'as they are' | 'locked') {
  return createStatement({ input: KEY }, ({ db, dialect }, { input }) =>
    db
      .selectFrom(input)
      .innerJoin('notifications as n', (join) =>
        join.onRef('n.tenant', '=', 'input.tenant').onRef('n.id', '=', 'input.id'),
      )
      .select(['n.tenant', 'n.id', 'n.status', 'n.body_hash', 'n.accepting_since_ms', 'n.content'])
      .$if(rows === 'locked' && dialect.locksRows, (query) =>
        query.orderBy('n.tenant').orderBy('n.id').forNoKeyUpdate('n'),
      ),
  );
}

/** The notifications that are there, by `keyOf`; each read and parsed once however often it is asked for. */
export async function readNotifications(
  context: QueryContext,
  keys: readonly NotificationKey[],
  { lock = false }: { readonly lock?: boolean } = {},
): Promise<ReadonlyMap<string, StoredNotification>> {
  const distinct = new Map(keys.map((key) => [keyOf(key), { tenant: key.tenant, id: key.id }]));
  if (distinct.size === 0) return new Map();
  const rows = await (lock ? readAndLock : read)(context, { input: [...distinct.values()] });
  return new Map(
    rows.map((row) => [
      keyOf(row),
      {
        notification: JSON.parse(row.content) as Notification,
        status: row.status,
        bodyHash: row.body_hash,
        acceptingSinceMs: row.accepting_since_ms,
      },
    ]),
  );
}
