import type { SettlementNext } from '@belfry/core/store/gate';
import { expect, it } from 'vitest';
import type { StoreContract } from './store-contract.ts';
import {
  attemptOf,
  claimableOf,
  DEAD,
  DELIVERED,
  ledgerOf,
  type Routed,
  routeOne,
  settlementOf,
  settleOne,
  unique,
  webPushAddress,
} from './store-contract-fixture.ts';

const RETRY: SettlementNext = { kind: 'retry', dueInMs: 5_000 };

export function describeSettling(contract: StoreContract): void {
  const secondAttempt = ({ ref }: Routed) => ({ ...ref, attempt: 2 });
  const markOf = ({ ref, recipient, notification }: Routed) => ({
    tenant: ref.tenant,
    user: recipient,
    notificationIds: [notification.id],
  });

  it('writes state, attempt and wait together', async () => {
    const routed = await routeOne(contract);
    await settleOne(contract, routed.ref, RETRY);
    const delivery = await ledgerOf(contract, routed);
    expect(delivery).toMatchObject({
      state: 'retrying',
      reason: 'unavailable',
      dueAtMs: contract.clock.nowMs() + 5_000,
      attempts: [{ ...attemptOf(contract, routed.ref), redrive: 0 }],
    });
    await contract.clock.advance(5_000);
    await settleOne(contract, secondAttempt(routed), DELIVERED, { reason: 'delivered' });
    expect(await ledgerOf(contract, routed)).toMatchObject({
      state: 'delivered',
      dueAtMs: undefined,
      attempts: [{ number: 1 }, { number: 2, outcome: 'delivered' }],
    });
  });

  it('changes nothing for an attempt that was settled before', async () => {
    const routed = await routeOne(contract);
    await settleOne(contract, routed.ref, RETRY);
    const before = await ledgerOf(contract, routed);
    for (const next of [RETRY, DELIVERED, DEAD, { kind: 'park', dueInMs: 1 }] as const) {
      expect(await contract.store.settle([settlementOf(contract, routed.ref, next)])).toEqual([false]);
    }
    expect(await ledgerOf(contract, routed)).toEqual(before);
    expect(await claimableOf(contract, [routed])).toEqual([]);
  });

  it('changes nothing for another redrive, an attempt to come, or a delivery that is not there', async () => {
    const routed = await routeOne(contract);
    const before = await ledgerOf(contract, routed);
    const wrong = [
      { ...routed.ref, redrive: 1 },
      { ...routed.ref, attempt: 2 },
      { ...routed.ref, deliveryId: 'nothing' },
      { ...routed.ref, notificationId: 'nothing' },
      { ...routed.ref, deliveryId: routed.realtimeId },
    ];
    const settlements = wrong.map((ref) => settlementOf(contract, ref, DELIVERED));
    expect(await contract.store.settle(settlements)).toEqual(wrong.map(() => false));
    expect(await ledgerOf(contract, routed)).toEqual(before);
  });

  it.each(['delivered', 'expired', 'superseded', 'cancelled', 'acknowledged'] as const)(
    'ends it as %s for good',
    async (state) => {
      const routed = await routeOne(contract);
      await settleOne(contract, routed.ref, { kind: 'end', state }, { reason: 'why' });
      expect(await ledgerOf(contract, routed)).toMatchObject({ state, reason: 'why' });
      const late = [DELIVERED, RETRY, DEAD].map((next) => settlementOf(contract, routed.ref, next));
      expect(await contract.store.settle(late)).toEqual([false, false, false]);
      expect(await ledgerOf(contract, routed)).toMatchObject({ state });
    },
  );

  it('writes no attempt where nothing was tried', async () => {
    const routed = await routeOne(contract);
    const { attempt: _none, ...settlement } = settlementOf(contract, routed.ref, { kind: 'end', state: 'expired' });
    expect(await contract.store.settle([settlement])).toEqual([true]);
    expect(await ledgerOf(contract, routed)).toMatchObject({ state: 'expired', attempts: [] });
  });

  it('parks without using the attempt up', async () => {
    const routed = await routeOne(contract);
    const { attempt: _none, ...parked } = settlementOf(contract, routed.ref, { kind: 'park', dueInMs: 2_000 });
    expect(await contract.store.settle([parked])).toEqual([true]);
    expect(await contract.store.readGate([routed.ref])).toMatchObject([
      { state: 'retrying', attempt: 1, dueInMs: 2_000 },
    ]);
    await settleOne(contract, routed.ref, DELIVERED);
  });

  it('applies one of many settlements of the same attempt, in one call or in many', async () => {
    const routed = await routeOne(contract);
    const settlement = settlementOf(contract, routed.ref, DELIVERED);
    expect(await contract.store.settle([settlement, settlement])).toEqual([true, false]);
    const other = await routeOne(contract);
    const one = settlementOf(contract, other.ref, RETRY);
    const results = await Promise.all(Array.from({ length: 40 }, () => contract.store.settle([one])));
    expect(results.flat().filter(Boolean)).toHaveLength(1);
    expect((await ledgerOf(contract, other)).attempts).toHaveLength(1);
  });

  it('gives each of many callers its own result', async () => {
    const routed = await Promise.all(Array.from({ length: 20 }, () => routeOne(contract)));
    const stale = new Set(routed.filter((_, index) => index % 3 === 0));
    await Promise.all([...stale].map(({ ref }) => settleOne(contract, ref, RETRY)));
    const results = await Promise.all(
      routed.map(({ ref }) => contract.store.settle([settlementOf(contract, ref, DELIVERED)])),
    );
    expect(results).toEqual(routed.map((each) => [!stale.has(each)]));
  });

  it('ends a retry or a wait as acknowledged or cancelled where it was meanwhile', async () => {
    const ended: Routed[] = [];
    for (const next of [RETRY, { kind: 'park', dueInMs: 1_000 }] as const) {
      const routed = await routeOne(contract);
      await contract.store.acknowledge([markOf(routed)]);
      await settleOne(contract, routed.ref, next);
      expect(await ledgerOf(contract, routed)).toMatchObject({ state: 'acknowledged', dueAtMs: undefined });
      ended.push(routed);
    }
    const cancelled = await routeOne(contract);
    await contract.store.cancelNotification(cancelled.ref.tenant, cancelled.notification.id);
    expect(await contract.store.settle([settlementOf(contract, cancelled.ref, RETRY)])).toEqual([false]);
    expect(await ledgerOf(contract, cancelled)).toMatchObject({ state: 'cancelled' });
    await contract.clock.advance(60_000);
    expect(await claimableOf(contract, [...ended, cancelled])).toEqual([]);
  });

  it('keeps a delivery that reached the provider as delivered, acknowledged or not', async () => {
    const routed = await routeOne(contract);
    await contract.store.acknowledge([markOf(routed)]);
    await settleOne(contract, routed.ref, DELIVERED);
    expect(await ledgerOf(contract, routed)).toMatchObject({ state: 'delivered' });
  });

  it('removes exactly the version of a device that was found gone', async () => {
    const tenant = unique('t');
    const user = { tenant, user: 'ann' };
    const address = webPushAddress();
    await contract.store.registerDevice(user, 'd1', address);
    const late = await routeOne(contract, { tenant });
    const last = await routeOne(contract, { tenant });
    await contract.store.registerDevice(user, 'd1', address);
    const gone = (version: number) => ({ removeDevice: { deviceId: 'd1', version }, reason: 'gone' });
    await settleOne(contract, late.ref, DEAD, gone(1));
    expect(await contract.store.listDevices(user)).toMatchObject([{ id: 'd1', version: 2 }]);
    // Not by a settlement that was not applied.
    const stale = settlementOf(contract, late.ref, DEAD, gone(2));
    expect(await contract.store.settle([stale])).toEqual([false]);
    expect(await contract.store.listDevices(user)).toHaveLength(1);
    await settleOne(contract, last.ref, DEAD, gone(2));
    expect(await contract.store.listDevices(user)).toEqual([]);
  });

  it('is durable when it answers', async () => {
    const routed = await routeOne(contract);
    await settleOne(contract, routed.ref, RETRY);
    const before = await ledgerOf(contract, routed);
    await contract.reopen();
    expect(await ledgerOf(contract, routed)).toEqual(before);
  });
}
