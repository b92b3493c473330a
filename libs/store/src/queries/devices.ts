import { createHash } from 'node:crypto';
import type { DeviceId } from '@belfry/core/delivery';
import type { Device, DeviceAddress } from '@belfry/core/device';
import { type DeviceRegistered, MAX_DEVICES_PER_USER } from '@belfry/core/store/devices';
import type { RecipientKey } from '@belfry/core/store/routing';
import type { QueryContext } from '../query-context.ts';
import { ensureUsers } from './users.ts';

type DeviceRow = {
  readonly tenant: string;
  readonly id: string;
  readonly user_id: string;
  readonly channel: Device['channel'];
  readonly address: string;
  readonly version: number;
  readonly created_at_ms: number;
};

export function toDevice(row: DeviceRow): Device {
  return {
    tenant: row.tenant,
    id: row.id,
    user: row.user_id,
    createdAtMs: row.created_at_ms,
    version: row.version,
    // What was stored under a channel is an address of that channel.
    ...({ channel: row.channel, address: JSON.parse(row.address) } as DeviceAddress),
  };
}

export async function registerDevice(
  context: QueryContext,
  { tenant, user }: RecipientKey,
  newId: DeviceId,
  address: DeviceAddress,
): Promise<DeviceRegistered> {
  const { db, nowMs } = context;
  await ensureUsers(context, [{ tenant, user }]);
  if (context.dialect.locksRows) await lockUser(context, { tenant, user });
  const addressHash = hashAddress(address);
  const known = await db
    .selectFrom('devices')
    .select(['id', 'user_id'])
    .where('tenant', '=', tenant)
    .where('channel', '=', address.channel)
    .where('address_hash', '=', addressHash)
    // Waits for a settlement that is removing it as gone.
    .$if(context.dialect.locksRows, (query) => query.forNoKeyUpdate())
    .executeTakeFirst();
  if (known !== undefined) {
    if (known.user_id !== user) return { kind: 'owned-by-another' };
    await db
      .updateTable('devices')
      .set((set) => ({ address: JSON.stringify(address.address), version: set('version', '+', 1) }))
      .where('tenant', '=', tenant)
      .where('id', '=', known.id)
      .execute();
    return { kind: 'refreshed', id: known.id };
  }
  const { count } = await db
    .selectFrom('devices')
    .select((select) => select.fn.countAll().as('count'))
    .where('tenant', '=', tenant)
    .where('user_id', '=', user)
    .executeTakeFirstOrThrow();
  if (Number(count) >= MAX_DEVICES_PER_USER) return { kind: 'too-many', limit: MAX_DEVICES_PER_USER };
  const inserted = await db
    .insertInto('devices')
    .values({
      tenant,
      id: newId,
      user_id: user,
      channel: address.channel,
      address_hash: addressHash,
      address: JSON.stringify(address.address),
      version: 1,
      created_at_ms: nowMs,
    })
    .onConflict((conflict) => conflict.columns(['tenant', 'channel', 'address_hash']).doNothing())
    .returning('id')
    .executeTakeFirst();
  // Another user registered the address between the look-up and here; this user is locked.
  return inserted === undefined ? { kind: 'owned-by-another' } : { kind: 'created', id: newId };
}

export async function listDevices({ db }: QueryContext, { tenant, user }: RecipientKey): Promise<readonly Device[]> {
  const rows = await db
    .selectFrom('devices')
    .selectAll()
    .where('tenant', '=', tenant)
    .where('user_id', '=', user)
    .orderBy('created_at_ms')
    .orderBy('id')
    .execute();
  return rows.map(toDevice);
}

export async function removeDevice(
  { db }: QueryContext,
  { tenant, user }: RecipientKey,
  id: DeviceId,
): Promise<boolean> {
  const removed = await db
    .deleteFrom('devices')
    .where('tenant', '=', tenant)
    .where('id', '=', id)
    .where('user_id', '=', user)
    .returning('id')
    .execute();
  return removed.length > 0;
}

async function lockUser({ db }: QueryContext, { tenant, user }: RecipientKey): Promise<void> {
  await db
    .selectFrom('users')
    .select('id')
    .where('tenant', '=', tenant)
    .where('id', '=', user)
    .forNoKeyUpdate()
    .execute();
}

/** What makes an address unique: the endpoint or the token. Keys of a subscription may change under the same endpoint. */
function hashAddress(device: DeviceAddress): string {
  const unique = device.channel === 'webpush' ? device.address.endpoint : device.address.token;
  return createHash('sha256').update(unique).digest('base64url');
}
