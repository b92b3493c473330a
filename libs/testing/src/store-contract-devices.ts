import { MAX_DEVICES_PER_USER } from '@belfry/core/store/devices';
import { expect, it } from 'vitest';
import type { StoreContract } from './store-contract.ts';
import { unique, webPushAddress } from './store-contract-fixture.ts';

export function describeDevices(contract: StoreContract): void {
  const fcm = (token: string) => ({ channel: 'fcm', address: { token } }) as const;

  it('registers, lists and removes', async () => {
    const user = { tenant: unique('t'), user: 'ann' };
    const address = webPushAddress();
    expect(await contract.store.registerDevice(user, 'd1', address)).toEqual({ kind: 'created', id: 'd1' });
    const createdAtMs = contract.clock.nowMs();
    await contract.clock.advance(1);
    expect(await contract.store.registerDevice(user, 'd2', fcm('token'))).toEqual({ kind: 'created', id: 'd2' });
    expect(await contract.store.listDevices(user)).toEqual([
      { ...user, id: 'd1', createdAtMs, version: 1, ...address },
      { ...user, id: 'd2', createdAtMs: createdAtMs + 1, version: 1, ...fcm('token') },
    ]);
    expect(await contract.store.removeDevice({ ...user, user: 'bob' }, 'd1')).toBe(false);
    expect(await contract.store.removeDevice(user, 'd1')).toBe(true);
    expect(await contract.store.removeDevice(user, 'd1')).toBe(false);
    expect(await contract.store.listDevices(user)).toMatchObject([{ id: 'd2' }]);
  });

  it('refreshes the same address, with new keys and the next version', async () => {
    const user = { tenant: unique('t'), user: 'ann' };
    const address = webPushAddress();
    if (address.channel !== 'webpush') throw new Error('a Web Push address');
    await contract.store.registerDevice(user, 'd1', address);
    const rotated = { channel: 'webpush', address: { ...address.address, p256dh: 'BOther' } } as const;
    expect(await contract.store.registerDevice(user, 'd2', rotated)).toEqual({ kind: 'refreshed', id: 'd1' });
    expect(await contract.store.listDevices(user)).toMatchObject([{ id: 'd1', version: 2, ...rotated }]);
  });

  it('gives an address to one user of a tenant', async () => {
    const tenant = unique('t');
    const address = fcm('shared');
    const answers = await Promise.all(
      ['ann', 'bob'].map((user) => contract.store.registerDevice({ tenant, user }, unique('d'), address)),
    );
    expect(answers.map(({ kind }) => kind).sort()).toEqual(['created', 'owned-by-another']);
    const elsewhere = { tenant: unique('t'), user: 'bob' };
    expect(await contract.store.registerDevice(elsewhere, unique('d'), address)).toMatchObject({ kind: 'created' });
  });

  it('stops at the limit of a user, which a refresh does not count against', async () => {
    const user = { tenant: unique('t'), user: 'ann' };
    const registered = await Promise.all(
      Array.from({ length: MAX_DEVICES_PER_USER + 5 }, (_, index) =>
        contract.store.registerDevice(user, unique('d'), fcm(`token-${index}`)),
      ),
    );
    const refused = registered.filter(({ kind }) => kind === 'too-many');
    expect(refused).toEqual(Array.from({ length: 5 }, () => ({ kind: 'too-many', limit: MAX_DEVICES_PER_USER })));
    expect(await contract.store.registerDevice(user, unique('d'), fcm('token-0'))).toMatchObject({ kind: 'refreshed' });
  });

  it('keeps preferences', async () => {
    const user = { tenant: unique('t'), user: 'ann' };
    expect(await contract.store.readPreferences(user)).toEqual({ channels: {}, types: {} });
    const preferences = { channels: { webpush: false }, types: { digest: { realtime: false, fcm: true } } };
    await contract.store.writePreferences(user, { channels: {}, types: {} });
    await contract.store.writePreferences(user, preferences);
    await contract.reopen();
    expect(await contract.store.readPreferences(user)).toEqual(preferences);
    expect(await contract.store.readPreferences({ ...user, tenant: unique('t') })).toEqual({ channels: {}, types: {} });
  });

  it('keeps subscribers of a topic', async () => {
    const tenant = unique('t');
    expect(await contract.store.subscribeTopic(tenant, 'news', [])).toBe(0);
    expect(await contract.store.subscribeTopic(tenant, 'news', ['cy', 'ann', 'bob'])).toBe(3);
    expect(await contract.store.subscribeTopic(tenant, 'news', ['ann', 'dee', 'dee'])).toBe(1);
    expect(await contract.store.listSubscribers(tenant, 'news', undefined, 2)).toEqual(['ann', 'bob']);
    expect(await contract.store.listSubscribers(tenant, 'news', 'bob', 10)).toEqual(['cy', 'dee']);
    expect(await contract.store.unsubscribeTopic(tenant, 'news', 'cy')).toBe(true);
    expect(await contract.store.unsubscribeTopic(tenant, 'news', 'cy')).toBe(false);
    expect(await contract.store.listSubscribers(tenant, 'news', undefined, 10)).toEqual(['ann', 'bob', 'dee']);
    expect(await contract.store.listSubscribers(unique('t'), 'news', undefined, 10)).toEqual([]);
  });
}
