import type { DeliveryRef } from '@belfry/core/delivery';
import { describe, expect, it } from 'vitest';
import type { StoreContract } from './store-contract.ts';
import {
  addDevices,
  attemptOf,
  DEAD,
  DELIVERED,
  notificationOf,
  refOf,
  routeOne,
  routeTo,
  settleOne,
  unique,
  webPushAddress,
} from './store-contract-fixture.ts';

export function describeGate(contract: StoreContract): void {
  it('reads everything that decides about a send, in the order of the refs', async () => {
    const first = await routeOne(contract);
    const second = await routeOne(contract);
    const unknown = refOf(first.notification, 'nobody', 'd1');
    const entries = await contract.store.readGate([second.ref, unknown, first.ref]);
    expect(entries[1]).toBeUndefined();
    expect(entries[2]).toEqual({
      state: 'queued',
      attempt: 1,
      redrive: 0,
      dueInMs: undefined,
      notification: first.notification,
      device: expect.objectContaining({ id: first.ref.deviceId, user: 'ann', version: 1, channel: 'webpush' }),
      cancelled: false,
      acknowledged: false,
      superseded: false,
      earlierDueInMs: undefined,
    });
    expect(entries[0]?.notification).toEqual(second.notification);
  });

  it('gives each of many callers its own answers', async () => {
    const routed = await Promise.all(Array.from({ length: 20 }, () => routeOne(contract)));
    const answers = await Promise.all(routed.map(({ ref }) => contract.store.readGate([ref])));
    expect(answers.map(([entry]) => entry?.notification)).toEqual(routed.map(({ notification }) => notification));
  });

  it('says when a wait is over', async () => {
    const { ref } = await routeOne(contract);
    await settleOne(contract, ref, { kind: 'retry', dueInMs: 5_000 });
    await contract.clock.advance(1_000);
    expect(await contract.store.readGate([ref])).toMatchObject([{ state: 'retrying', attempt: 2, dueInMs: 4_000 }]);
    await contract.clock.advance(4_500);
    expect(await contract.store.readGate([ref])).toMatchObject([{ dueInMs: -500 }]);
  });

  it('sees a cancellation, an acknowledgement, and a read', async () => {
    const [cancelled, acknowledged, read] = [
      await routeOne(contract),
      await routeOne(contract),
      await routeOne(contract),
    ];
    await contract.store.cancelNotification(cancelled.ref.tenant, cancelled.notification.id);
    const markOf = ({ ref, notification, recipient }: typeof read) => ({
      tenant: ref.tenant,
      user: recipient,
      notificationIds: [notification.id],
    });
    await contract.store.acknowledge([markOf(acknowledged)]);
    await contract.store.markRead([markOf(read)]);
    expect(await contract.store.readGate([cancelled.ref, acknowledged.ref, read.ref])).toMatchObject([
      { cancelled: true, acknowledged: false, state: 'cancelled' },
      // Not waiting, so perhaps being sent right now: its worker ends it.
      { cancelled: false, acknowledged: true, state: 'queued' },
      { cancelled: false, acknowledged: true, state: 'queued' },
    ]);
  });

  it('counts an acknowledgement where the notification was for push only', async () => {
    const { ref, notification } = await routeOne(contract, { realtime: false });
    const marks = [{ tenant: ref.tenant, user: 'ann', notificationIds: [notification.id] }];
    expect(await contract.store.acknowledge(marks)).toEqual([]);
    expect(await contract.store.readGate([ref])).toMatchObject([{ acknowledged: true }]);
  });

  it('finds what a later one with the same collapse key supersedes, across lanes, for that recipient and tenant only', async () => {
    const tenant = unique('t');
    const route = (recipient: string, of: string, fields: Parameters<typeof routeOne>[1] = {}) =>
      routeOne(contract, { tenant: of, recipient, ...fields });
    const old = await route('ann', tenant, { fields: { collapseKey: 'score' } });
    const otherKey = await route('ann', tenant, { fields: { collapseKey: 'weather' } });
    const noKey = await route('ann', tenant);
    const otherUser = await route('bob', tenant, { fields: { collapseKey: 'score' } });
    const otherTenant = await route('ann', unique('t'), { fields: { collapseKey: 'score' } });
    const newest = await route('ann', tenant, { realtime: false, fields: { collapseKey: 'score', priority: 'low' } });
    const all = [old, otherKey, noKey, otherUser, otherTenant, newest];
    const entries = await contract.store.readGate(all.map(({ ref }) => ref));
    expect(entries.map((entry) => entry?.superseded)).toEqual([true, false, false, false, false, false]);
  });

  describe('finds the last earlier first attempt that is parked', () => {
    const park = (ref: DeliveryRef, dueInMs: number) => settleOne(contract, ref, { kind: 'park', dueInMs });

    /** Notifications in the order of the recipient's stream, each to two devices and over both lanes. */
    async function routeInOrder(count: number, recipient = 'ann', tenant = unique('t')) {
      await addDevices(
        contract,
        { tenant, user: recipient },
        ['phone', 'tablet'].map((device) => `${recipient}-${device}`),
      );
      const rows: Record<'phone' | 'tablet' | 'bulk', DeliveryRef>[] = [];
      for (let index = 0; index < count; index++) {
        const [phone, tablet] = await routeTo(contract, notificationOf(contract, tenant), [recipient]);
        const [bulk] = await routeTo(contract, notificationOf(contract, tenant, { priority: 'low' }), [recipient]);
        if (!phone || !tablet || !bulk) throw new Error('three deliveries');
        rows.push({ phone, tablet, bulk });
      }
      return rows;
    }
    const duesOf = async (refs: readonly DeliveryRef[]) =>
      (await contract.store.readGate(refs)).map((entry) => entry?.earlierDueInMs);

    it('to the same device of the same recipient over the same lane', async () => {
      const tenant = unique('t');
      const [first, second, third, last] = await routeInOrder(4, 'ann', tenant);
      const [other] = await routeInOrder(1, 'bob', tenant);
      if (!first || !second || !third || !last || !other) throw new Error('five rows');
      await park(second.phone, 5_000);
      const all = [first, second, third, last, other].map(({ phone }) => phone);
      expect(await duesOf(all)).toEqual([undefined, undefined, 5_000, 5_000, undefined]);
      await contract.clock.advance(1_000);
      await park(third.phone, 5_000);
      expect(await duesOf(all)).toEqual([undefined, undefined, 4_000, 5_000, undefined]);
      expect(await duesOf([last.tablet, last.bulk])).toEqual([undefined, undefined]);
    });

    it('until it is settled, also while it is on its way again', async () => {
      const [first, second] = await routeInOrder(2);
      if (!first || !second) throw new Error('two rows');
      await park(first.phone, 5_000);
      await contract.clock.advance(6_000);
      await contract.store.removeTimers(await contract.store.claimDueTimers(100_000, 1_000));
      expect(await duesOf([second.phone])).toEqual([-1_000]);
      await settleOne(contract, first.phone, DELIVERED);
      expect(await duesOf([second.phone])).toEqual([undefined]);
    });

    it.each([
      ['a retry', { kind: 'retry', dueInMs: 5_000 }],
      ['a dead letter', DEAD],
    ] as const)('and nothing behind %s', async (_what, next) => {
      const [first, second] = await routeInOrder(2);
      if (!first || !second) throw new Error('two rows');
      await settleOne(contract, first.phone, next);
      expect(await duesOf([second.phone])).toEqual([undefined]);
    });

    it('and nothing behind a redriven one', async () => {
      const [first, second] = await routeInOrder(2);
      if (!first || !second) throw new Error('two rows');
      await settleOne(contract, first.phone, DEAD);
      const { tenant, deliveryId } = first.phone;
      const { redriven } = await contract.store.redrive({
        tenant,
        selection: { kind: 'ids', ids: [`${deliveryId}.0`] },
        dryRun: false,
        ratePerSecond: 1,
        taskId: unique('task'),
        requestedBy: 'key',
      });
      expect(redriven).toBe(1);
      expect(await duesOf([second.phone])).toEqual([undefined]);
    });
  });

  it('reads address and version of the device as they are now', async () => {
    const tenant = unique('t');
    const user = { tenant, user: 'ann' };
    const address = webPushAddress('https://push.example/rotating');
    await contract.store.registerDevice(user, unique('d'), address);
    const { ref } = await routeOne(contract, { tenant });
    if (address.channel !== 'webpush') throw new Error('a Web Push address');
    const rotated = { channel: 'webpush', address: { ...address.address, auth: 'rotated' } } as const;
    await contract.store.registerDevice(user, unique('d'), rotated);
    expect(await contract.store.readGate([ref])).toMatchObject([{ device: { ...rotated, version: 2 } }]);
    await contract.store.removeDevice(user, ref.deviceId);
    const [entry] = await contract.store.readGate([ref]);
    expect(entry).toMatchObject({ state: 'queued', device: undefined });
    await settleOne(contract, ref, { kind: 'end', state: 'expired' }, { attempt: attemptOf(contract, ref) });
  });
}
