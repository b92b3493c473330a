import type { Notification } from '@belfry/core/notification';
import type { RouteEntry, RouteResult } from '@belfry/core/store/routing';
import { describe, expect, it } from 'vitest';
import type { StoreContract } from './store-contract.ts';
import {
  addDevices,
  DELIVERED,
  notificationOf,
  realtimeIdOf,
  refOf,
  routeOne,
  settleOne,
  unique,
  webPushAddress,
} from './store-contract-fixture.ts';

export function describeRouting(contract: StoreContract): void {
  const entryOf = (tenant: string, recipient: string, fields: Partial<Notification> = {}): RouteEntry => ({
    notification: notificationOf(contract, tenant, fields),
    recipient,
  });
  const offsetsOf = (results: readonly RouteResult[]) =>
    results.map((result) => (result.kind === 'routed' ? result.offset : result.kind));

  it('gives each user dense offsets in the order of the call', async () => {
    const tenant = unique('t');
    const users = ['ann', 'bob', 'ann', 'ann', 'cy', 'bob'];
    const first = await contract.store.route(users.map((user) => entryOf(tenant, user)));
    expect(offsetsOf(first)).toEqual([1, 1, 2, 3, 1, 2]);
    await contract.reopen();
    expect(offsetsOf(await contract.store.route([entryOf(tenant, 'ann')]))).toEqual([4]);
    expect(await contract.store.heads(['ann', 'bob', 'cy', 'dee'].map((user) => ({ tenant, user })))).toEqual([
      4, 2, 1, 0,
    ]);
  });

  it('gives concurrent calls offsets without gap or repeat', async () => {
    const tenant = unique('t');
    const calls = Array.from({ length: 60 }, (_, index) => [entryOf(tenant, `user-${index % 3}`)]);
    const results = (await Promise.all(calls.map((entries) => contract.store.route(entries)))).flat();
    for (const user of [0, 1, 2]) {
      const offsets = offsetsOf(results.filter((_, index) => index % 3 === user));
      expect([...offsets].sort((left, right) => Number(left) - Number(right))).toEqual(
        Array.from({ length: 20 }, (_, index) => index + 1),
      );
    }
  });

  it('returns the first routing again with what was not settled yet', async () => {
    const tenant = unique('t');
    const ann = { tenant, user: 'ann' };
    await addDevices(contract, ann, ['d1', 'd2']);
    const entry = entryOf(tenant, 'ann');
    const { notification } = entry;
    const refs = ['d1', 'd2'].map((device) => refOf(notification, 'ann', device));
    const [first] = await contract.store.route([entry]);
    expect(first).toEqual({
      kind: 'routed',
      offset: 1,
      inserted: true,
      realtimeDeliveryId: realtimeIdOf(notification, 'ann'),
      deliveries: refs,
      skipped: [],
    });
    const [settled, left] = refs;
    if (settled === undefined || left === undefined) throw new Error('two refs');
    await settleOne(contract, settled, DELIVERED);
    // What changed since changes nothing: the first routing counts.
    await addDevices(contract, ann, ['d3']);
    await contract.store.writePreferences(ann, { channels: { realtime: false }, types: {} });
    const again = await contract.store.route([entryOf(tenant, 'ann'), entry]);
    expect(again[1]).toEqual({ ...first, inserted: false, deliveries: [left] });
    expect(offsetsOf(again)).toEqual([2, 1]);
    await settleOne(contract, left, { kind: 'retry', dueInMs: 1_000 });
    expect(await contract.store.route([entry])).toMatchObject([{ inserted: false, deliveries: [] }]);
  });

  it('names the push service of what was not settled yet', async () => {
    const { notification, recipient, ref } = await routeOne(contract);
    const again = await contract.store.route([{ notification, recipient }]);
    expect(again).toMatchObject([{ inserted: false, deliveries: [{ ...ref, host: 'push.example' }] }]);
  });

  it('treats a pair that comes twice in a call as routed before', async () => {
    const tenant = unique('t');
    await addDevices(contract, { tenant, user: 'ann' }, ['d1']);
    const entry = entryOf(tenant, 'ann');
    const [first, second] = await contract.store.route([entry, entry]);
    expect(first).toMatchObject({ inserted: true, deliveries: [refOf(entry.notification, 'ann', 'd1')] });
    expect(second).toEqual({ ...first, inserted: false });
    expect(await contract.store.heads([{ tenant, user: 'ann' }])).toEqual([1]);
  });

  it('marks the notification as routed, and stores one that came straight through the log', async () => {
    const tenant = unique('t');
    await addDevices(contract, { tenant, user: 'ann' }, ['d1']);
    const direct = entryOf(tenant, 'ann');
    const accepted = entryOf(tenant, 'ann');
    const item = { notification: accepted.notification, bodyHash: 'hash', takeOver: false };
    await contract.store.beginAccept([item]);
    await contract.store.route([direct, accepted]);
    for (const { notification } of [direct, accepted]) {
      const entry = await contract.store.readNotification(tenant, notification.id, undefined, 10);
      expect(entry).toMatchObject({ status: 'routed', notification, counts: { queued: 1, stored: 1 } });
    }
    // Its request was taken in before a crash that lost the row, so this one is its repeat.
    const repeat = { notification: direct.notification, bodyHash: 'hash', takeOver: false };
    expect(await contract.store.beginAccept([repeat])).toEqual([{ kind: 'replay', id: direct.notification.id }]);
  });

  it('stores a realtime delivery only where the notification is shown; the place is taken either way', async () => {
    const tenant = unique('t');
    await addDevices(contract, { tenant, user: 'ann' }, ['d1']);
    const shown = entryOf(tenant, 'ann', { channels: ['realtime'] });
    const pushOnly = entryOf(tenant, 'ann', { channels: ['webpush'] });
    const results = await contract.store.route([pushOnly, shown]);
    expect(results).toMatchObject([
      { offset: 1, realtimeDeliveryId: undefined },
      { offset: 2, realtimeDeliveryId: realtimeIdOf(shown.notification, 'ann') },
    ]);
    const { items } = await contract.store.readStream({ tenant, user: 'ann' }, 0, 10);
    expect(items).toEqual([
      { offset: 1, visible: false, notification: pushOnly.notification },
      { offset: 2, visible: true, notification: shown.notification },
    ]);
    const entry = await contract.store.readNotification(tenant, shown.notification.id, undefined, 10);
    expect(entry?.deliveries).toMatchObject([
      { id: realtimeIdOf(shown.notification, 'ann'), channel: 'realtime', device: '', state: 'stored' },
    ]);
    expect(await contract.store.route([pushOnly])).toMatchObject([{ inserted: false, realtimeDeliveryId: undefined }]);
  });

  it('keeps what is skipped in the ledger, with the reason, once and for all', async () => {
    const tenant = unique('t');
    const ann = { tenant, user: 'ann' };
    const skipped = [
      { channel: 'realtime', reason: 'muted' },
      { channel: 'fcm', reason: 'no-device' },
    ] as const;
    await contract.store.writePreferences(ann, { channels: { realtime: false }, types: {} });
    const entry = entryOf(tenant, 'ann', { channels: ['realtime', 'fcm'] });
    const { notification } = entry;
    const [first] = await contract.store.route([entry]);
    expect(first).toMatchObject({ inserted: true, realtimeDeliveryId: undefined, deliveries: [], skipped });
    await contract.store.writePreferences(ann, { channels: {}, types: {} });
    await contract.store.registerDevice(ann, 'phone', { channel: 'fcm', address: { token: unique('token') } });
    const again = await contract.store.route([entry]);
    const same = expect.arrayContaining(skipped.map((each) => expect.objectContaining(each)));
    expect(again).toMatchObject([{ ...first, inserted: false, skipped: same }]);

    const marks = [{ tenant, user: 'ann', notificationIds: [notification.id] }];
    expect(await contract.store.markSent(marks)).toEqual([]);
    expect(await contract.store.acknowledge(marks)).toEqual([]);
    expect(await contract.store.markRead(marks)).toEqual([]);
    expect(await contract.store.cancelNotification(tenant, notification.id)).toEqual({ cancelled: 0, alreadySent: 0 });
    const ledger = await contract.store.readNotification(tenant, notification.id, undefined, 10);
    expect(ledger?.counts).toEqual({ skipped: 2 });
    for (const each of skipped) {
      expect(ledger?.deliveries).toContainEqual(
        expect.objectContaining({ ...each, recipient: 'ann', device: '', state: 'skipped', attempts: [] }),
      );
    }
  });

  it('does not route what was cancelled', async () => {
    const tenant = unique('t');
    const entry = entryOf(tenant, 'ann');
    await contract.store.beginAccept([{ notification: entry.notification, bodyHash: 'hash', takeOver: false }]);
    await contract.store.cancelNotification(tenant, entry.notification.id);
    expect(offsetsOf(await contract.store.route([entry, entryOf(tenant, 'ann')]))).toEqual(['cancelled', 1]);
    expect(await contract.store.heads([{ tenant, user: 'ann' }])).toEqual([1]);
  });

  it('goes by the devices and the preferences that each recipient has at that moment', async () => {
    const tenant = unique('t');
    const [ann, bob] = ['ann', 'bob'].map((user) => ({ tenant, user }));
    if (ann === undefined || bob === undefined) throw new Error('two users');
    await addDevices(contract, ann, ['d-ann']);
    await addDevices(contract, bob, ['d-bob']);
    await contract.store.writePreferences(bob, { channels: {}, types: { digest: { webpush: false } } });
    const digest = notificationOf(contract, tenant, { type: 'digest' });
    const other = notificationOf(contract, tenant);
    const routed = (notification: Notification, users: readonly string[]) =>
      contract.store.route(users.map((recipient) => ({ notification, recipient })));
    const muted = [{ channel: 'webpush', reason: 'muted' }];
    expect(await routed(digest, ['bob', 'ann', 'cy'])).toMatchObject([
      { deliveries: [], skipped: muted },
      { deliveries: [refOf(digest, 'ann', 'd-ann')], skipped: [] },
      { deliveries: [], skipped: [] },
    ]);
    await contract.store.removeDevice(ann, 'd-ann');
    expect(await routed(other, ['bob', 'ann', 'cy'])).toMatchObject([
      { deliveries: [refOf(other, 'bob', 'd-bob')], skipped: [] },
      { deliveries: [], skipped: [] },
      { deliveries: [], skipped: [] },
    ]);
  });

  describe('expands an audience in pages', () => {
    const pagesOf = async (tenant: string, audience: Parameters<typeof contract.store.expandAudience>[1]) => {
      const pages: (readonly string[])[] = [];
      let after: string | undefined;
      do {
        const page = await contract.store.expandAudience(tenant, audience, after, 2);
        pages.push(page);
        after = page.at(-1);
      } while (after !== undefined);
      return pages;
    };

    it('of users', async () => {
      const users = ['dee', 'ann', 'cy', 'ann', 'bob', 'eve'];
      expect(await pagesOf(unique('t'), { kind: 'users', users })).toEqual([
        ['ann', 'bob'],
        ['cy', 'dee'],
        ['eve'],
        [],
      ]);
    });

    it('of a topic', async () => {
      const tenant = unique('t');
      await contract.store.subscribeTopic(tenant, 'news', ['cy', 'ann', 'bob']);
      await contract.store.subscribeTopic(tenant, 'other', ['dee']);
      await contract.store.subscribeTopic(unique('t'), 'news', ['eve']);
      expect(await pagesOf(tenant, { kind: 'topic', topic: 'news' })).toEqual([['ann', 'bob'], ['cy'], []]);
    });

    it('of everyone who was ever routed to, registered or subscribed', async () => {
      const tenant = unique('t');
      await contract.store.route([entryOf(tenant, 'cy')]);
      await contract.store.registerDevice({ tenant, user: 'ann' }, unique('d'), webPushAddress());
      await contract.store.subscribeTopic(tenant, 'news', ['bob']);
      expect(await pagesOf(tenant, { kind: 'everyone' })).toEqual([['ann', 'bob'], ['cy'], []]);
    });
  });
}
