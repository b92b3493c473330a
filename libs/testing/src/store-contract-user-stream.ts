import { expect, it } from 'vitest';
import type { StoreContract } from './store-contract.ts';
import { HOUR_MS, type Routed, routeOne, unique } from './store-contract-fixture.ts';

export function describeUserStream(contract: StoreContract): void {
  const routeMany = async (tenant: string, count: number): Promise<readonly Routed[]> => {
    const routed: Routed[] = [];
    for (let index = 0; index < count; index++) routed.push(await routeOne(contract, { tenant }));
    return routed;
  };

  it('has an epoch that outlives a restart', async () => {
    const epoch = await contract.store.epoch();
    expect(epoch).toMatch(/^[0-9a-f]{32}$/);
    await contract.reopen();
    expect(await contract.store.epoch()).toBe(epoch);
  });

  it('pages through a stream, ascending', async () => {
    const tenant = unique('t');
    const user = { tenant, user: 'ann' };
    expect(await contract.store.readStream(user, 0, 10)).toEqual({ items: [], head: 0, oldest: 1 });
    const routed = await routeMany(tenant, 5);
    const first = await contract.store.readStream(user, 0, 3);
    expect(first).toMatchObject({ head: 5, oldest: 1 });
    expect(first.items.map(({ offset, visible }) => [offset, visible])).toEqual([
      [1, true],
      [2, true],
      [3, true],
    ]);
    const second = await contract.store.readStream(user, 3, 3);
    expect([...first.items, ...second.items].map(({ notification }) => notification)).toEqual(
      routed.map(({ notification }) => notification),
    );
    expect((await contract.store.readStream(user, 5, 3)).items).toEqual([]);
  });

  it('pages through the inbox, newest first, with the count of unread', async () => {
    const tenant = unique('t');
    const user = { tenant, user: 'ann' };
    const routed = await routeMany(tenant, 5);
    const [, second] = routed;
    if (second === undefined) throw new Error('five');
    await contract.store.markRead([{ tenant, user: 'ann', notificationIds: [second.notification.id] }]);
    const first = await contract.store.readInbox(user, undefined, 3);
    expect(first).toMatchObject({ unread: 4, next: 3 });
    expect(first.items.map(({ offset }) => offset)).toEqual([5, 4, 3]);
    const rest = await contract.store.readInbox(user, first.next, 3);
    expect(rest).toMatchObject({ unread: 4, next: undefined });
    expect(rest.items).toEqual([
      {
        offset: 2,
        notification: second.notification,
        read: true,
        readAtMs: contract.clock.nowMs(),
        state: 'read',
      },
      { offset: 1, notification: routed[0]?.notification, read: false, readAtMs: undefined, state: 'stored' },
    ]);
  });

  it('shows neither what was for push only nor what has expired', async () => {
    const tenant = unique('t');
    const user = { tenant, user: 'ann' };
    const expiresAtMs = contract.clock.nowMs() + HOUR_MS;
    await routeOne(contract, { tenant, fields: { expiresAtMs } });
    await routeOne(contract, { tenant, realtime: false });
    const shown = await routeOne(contract, { tenant });
    expect(await contract.store.readInbox(user, undefined, 10)).toMatchObject({ unread: 2 });
    await contract.clock.advance(HOUR_MS);
    const inbox = await contract.store.readInbox(user, undefined, 10);
    expect(inbox.items.map(({ notification }) => notification.id)).toEqual([shown.notification.id]);
    expect(inbox.unread).toBe(1);
    const { items, head } = await contract.store.readStream(user, 0, 10);
    expect(items.map(({ visible }) => visible)).toEqual([false, false, true]);
    expect(head).toBe(3);
    expect(await contract.store.markAllRead(user)).toMatchObject({ count: 1 });
  });
}
