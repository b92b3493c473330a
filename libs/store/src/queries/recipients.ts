import type { Device } from '@belfry/core/device';
import type { Audience, TenantId, UserId } from '@belfry/core/notification';
import { NO_PREFERENCES, type Preferences } from '@belfry/core/preferences';
import type { RecipientKey } from '@belfry/core/store/routing';
import type { QueryContext } from '../query-context.ts';
import { createStatement } from '../statement.ts';
import { toDevice } from './devices.ts';
import { listSubscribers, toPreferences } from './users.ts';

const USER = { tenant: 'text', user_id: 'text' } as const;

/** What decides where notifications go for one recipient. */
export type RecipientContext = { readonly devices: readonly Device[]; readonly preferences: Preferences };

const readDevices = createStatement({ input: USER }, ({ db }, { input }) =>
  db
    .selectFrom(input)
    .innerJoin('devices as d', (join) =>
      join.onRef('d.tenant', '=', 'input.tenant').onRef('d.user_id', '=', 'input.user_id'),
    )
    .selectAll('d')
    .orderBy('d.created_at_ms')
    .orderBy('d.id'),
);

const readPreferences = createStatement({ input: USER }, ({ db }, { input }) =>
  db
    .selectFrom(input)
    .innerJoin('users as u', (join) => join.onRef('u.tenant', '=', 'input.tenant').onRef('u.id', '=', 'input.user_id'))
    .select(['u.tenant', 'u.id', 'u.preferences'])
    .where('u.preferences', 'is not', null),
);

/** Resolves with what is known of each of them; of one who was never heard of, that is no devices and no preferences. */
export async function readRecipients(
  context: QueryContext,
  recipients: readonly RecipientKey[],
): Promise<(recipient: RecipientKey) => RecipientContext> {
  const input = recipients.map(({ tenant, user }) => ({ tenant, user_id: user }));
  const [deviceRows, preferenceRows] = await Promise.all([
    readDevices(context, { input }),
    readPreferences(context, { input }),
  ]);
  const devices = Map.groupBy<string, Device>(deviceRows.map(toDevice), recipientNameOf);
  const preferences = new Map<string, Preferences>(
    preferenceRows.map((row) => [
      recipientNameOf({ tenant: row.tenant, user: row.id }),
      toPreferences(row.preferences),
    ]),
  );
  return (recipient) => {
    const name = recipientNameOf(recipient);
    return { devices: devices.get(name) ?? [], preferences: preferences.get(name) ?? NO_PREFERENCES };
  };
}

export async function expandAudience(
  context: QueryContext,
  tenant: TenantId,
  audience: Audience,
  after: UserId | undefined,
  limit: number,
): Promise<readonly UserId[]> {
  switch (audience.kind) {
    case 'users':
      return [...new Set(audience.users)]
        .sort(compareText)
        .filter((user) => after === undefined || compareText(user, after) > 0)
        .slice(0, limit);
    case 'topic':
      return listSubscribers(context, tenant, audience.topic, after, limit);
    case 'everyone': {
      const rows = await context.db
        .selectFrom('users')
        .select('id')
        .where('tenant', '=', tenant)
        .where('id', '>', after ?? '')
        .orderBy('id')
        .limit(limit)
        .execute();
      return rows.map((row) => row.id);
    }
  }
}

/** Of a recipient in a map. */
export function recipientNameOf({ tenant, user }: RecipientKey): string {
  return `${tenant}\u0000${user}`;
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
