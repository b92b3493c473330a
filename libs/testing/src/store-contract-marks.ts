import type { DeliveryState } from '@belfry/core/delivery';
import type { RealtimeMark } from '@belfry/core/store/user-stream';
import { expect, it } from 'vitest';
import type { StoreContract } from './store-contract.ts';
import {
  claimableOf,
  DELIVERED,
  ledgerOf,
  type Routed,
  routeOne,
  settleOne,
  unique,
} from './store-contract-fixture.ts';

export function describeMarks(contract: StoreContract): void {
  const markOf = ({ ref, recipient, notification }: Routed): RealtimeMark => ({
    tenant: ref.tenant,
    user: recipient,
    notificationIds: [notification.id],
  });
  const realtimeState = async ({ ref, notification, realtimeId }: Routed): Promise<DeliveryState | undefined> => {
    const entry = await contract.store.readNotification(ref.tenant, notification.id, undefined, 10);
    return entry?.deliveries.find(({ id }) => id === realtimeId)?.state;
  };
  const changeOf = ({ ref, recipient, notification, realtimeId }: Routed, state: 'sent' | 'delivered' | 'read') => ({
    tenant: ref.tenant,
    user: recipient,
    notificationId: notification.id,
    deliveryId: realtimeId,
    state,
  });

  it('raises the state step by step and tells of each change once', async () => {
    const routed = await routeOne(contract);
    const steps = [
      ['sent', contract.store.markSent],
      ['delivered', contract.store.acknowledge],
      ['read', contract.store.markRead],
    ] as const;
    for (const [state, mark] of steps) {
      expect(await mark([markOf(routed)])).toEqual([changeOf(routed, state)]);
      expect(await mark([markOf(routed)])).toEqual([]);
      expect(await realtimeState(routed)).toBe(state);
    }
  });

  it('never moves one back', async () => {
    const routed = await routeOne(contract);
    await contract.store.markRead([markOf(routed)]);
    expect(await contract.store.acknowledge([markOf(routed)])).toEqual([]);
    expect(await contract.store.markSent([markOf(routed)])).toEqual([]);
    expect(await realtimeState(routed)).toBe('read');
  });

  it('keeps the time of the first read', async () => {
    const routed = await routeOne(contract);
    const user = { tenant: routed.ref.tenant, user: 'ann' };
    await contract.store.markRead([markOf(routed)]);
    const readAtMs = contract.clock.nowMs();
    await contract.clock.advance(1_000);
    await contract.store.markRead([markOf(routed)]);
    expect(await contract.store.readInbox(user, undefined, 10)).toMatchObject({ unread: 0, items: [{ readAtMs }] });
  });

  it('ignores unknown ids, other users and other tenants', async () => {
    const routed = await routeOne(contract);
    const mark = markOf(routed);
    const marks = [
      { ...mark, notificationIds: ['unknown'] },
      { ...mark, user: 'bob' },
      { ...mark, tenant: unique('t') },
      { ...mark, notificationIds: [] },
    ];
    expect(await contract.store.acknowledge(marks)).toEqual([]);
    expect(await realtimeState(routed)).toBe('stored');
  });

  it('ends the push deliveries that wait, with the acknowledgement, and leaves those being sent to their workers', async () => {
    const waiting = await routeOne(contract);
    await settleOne(contract, waiting.ref, { kind: 'retry', dueInMs: 1_000 });
    const sending = await routeOne(contract);
    const delivered = await routeOne(contract);
    await settleOne(contract, delivered.ref, DELIVERED);
    await contract.store.acknowledge([waiting, sending, delivered].map(markOf));
    const states = await Promise.all([waiting, sending, delivered].map((routed) => ledgerOf(contract, routed)));
    expect(states).toMatchObject([
      { state: 'acknowledged', reason: 'acknowledged', dueAtMs: undefined },
      { state: 'queued' },
      { state: 'delivered' },
    ]);
    await contract.clock.advance(10_000);
    expect(await claimableOf(contract, [waiting, sending, delivered])).toEqual([]);
  });

  it('counts a read as an acknowledgement', async () => {
    const routed = await routeOne(contract);
    await settleOne(contract, routed.ref, { kind: 'retry', dueInMs: 1_000 });
    await contract.store.markRead([markOf(routed)]);
    expect(await ledgerOf(contract, routed)).toMatchObject({ state: 'acknowledged' });
  });

  it('leaves the deliveries of other recipients alone', async () => {
    const tenant = unique('t');
    const ann = await routeOne(contract, { tenant, recipient: 'ann' });
    const bob = await routeOne(contract, { tenant, recipient: 'bob' });
    await settleOne(contract, bob.ref, { kind: 'retry', dueInMs: 60_000 });
    await contract.store.acknowledge([{ ...markOf(ann), notificationIds: [ann.notification.id, bob.notification.id] }]);
    expect(await ledgerOf(contract, bob)).toMatchObject({ state: 'retrying' });
    expect(await contract.store.readGate([bob.ref])).toMatchObject([{ acknowledged: false }]);
  });

  it('tells each of many callers its own changes, and one of them a change that several asked for', async () => {
    const routed = await Promise.all(Array.from({ length: 12 }, () => routeOne(contract)));
    const [shared] = routed;
    if (shared === undefined) throw new Error('twelve');
    const answers = await Promise.all(routed.map((each) => contract.store.acknowledge([markOf(each), markOf(shared)])));
    for (const [index, each] of routed.entries()) expect(answers[index]).toEqual([changeOf(each, 'delivered')]);
  });

  it('marks all as read, tells how many and what changed', async () => {
    const tenant = unique('t');
    const user = { tenant, user: 'ann' };
    const routed = [];
    for (let index = 0; index < 4; index++) routed.push(await routeOne(contract, { tenant }));
    await routeOne(contract, { tenant, realtime: false });
    await routeOne(contract, { tenant, recipient: 'bob' });
    const [first, ...rest] = routed;
    if (first === undefined) throw new Error('four');
    await contract.store.markRead([markOf(first)]);
    const { count, changes } = await contract.store.markAllRead(user);
    expect(count).toBe(3);
    expect(new Set(changes.map(({ deliveryId }) => deliveryId))).toEqual(new Set(rest.map((each) => each.realtimeId)));
    expect(await contract.store.readInbox(user, undefined, 10)).toMatchObject({ unread: 0 });
    expect(await contract.store.readInbox({ tenant, user: 'bob' }, undefined, 10)).toMatchObject({ unread: 1 });
    expect(await contract.store.markAllRead(user)).toEqual({ count: 0, changes: [] });
  });
}
