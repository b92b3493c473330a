import { TIMER_LEASE_MS } from '@belfry/core/store/timers';
import { expect, it } from 'vitest';
import type { StoreContract } from './store-contract.ts';
import { DELIVERED, type Routed, routeOne, settleOne } from './store-contract-fixture.ts';

export function describeTimers(contract: StoreContract): void {
  const waitFor = async (dueInMs: number): Promise<Routed> => {
    const routed = await routeOne(contract);
    await settleOne(contract, routed.ref, { kind: 'retry', dueInMs });
    return routed;
  };
  const claim = (limit = 100) => contract.store.claimDueTimers(limit, TIMER_LEASE_MS);

  it('hands a timer out when it is due and never before', async () => {
    const { ref } = await waitFor(5_000);
    const dueAtMs = contract.clock.nowMs() + 5_000;
    expect(await contract.store.nextTimerInMs()).toBe(5_000);
    await contract.clock.advance(4_999);
    expect(await claim()).toEqual([]);
    await contract.clock.advance(1);
    expect(await contract.store.nextTimerInMs()).toBe(0);
    expect(await claim()).toMatchObject([{ dueAtMs, delivery: { ...ref, attempt: 2 } }]);
  });

  it('names the push service of the device as long as that is there', async () => {
    const { ref } = await waitFor(0);
    const [first] = await claim();
    expect(first?.delivery.host).toBe('push.example');
    await contract.store.removeDevice({ tenant: ref.tenant, user: ref.recipient }, ref.deviceId);
    await contract.clock.advance(TIMER_LEASE_MS);
    const [again] = await claim();
    expect(again?.delivery).toEqual({ ...first?.delivery, host: undefined });
  });

  it('rounds a fraction of a millisecond up', async () => {
    await waitFor(10.2);
    await contract.clock.advance(10);
    expect(await claim()).toEqual([]);
    await contract.clock.advance(1);
    expect(await claim()).toHaveLength(1);
  });

  it('hands them out oldest first, each to one of many claimants', async () => {
    const waits = [];
    for (const dueInMs of [300, 100, 200, 400]) waits.push(await waitFor(dueInMs));
    await contract.clock.advance(350);
    expect((await claim(2)).map(({ delivery }) => delivery.deliveryId)).toEqual(
      [waits[1], waits[2]].map((wait) => wait?.ref.deliveryId),
    );
    const others = await Promise.all([claim(), claim(), claim()]);
    expect(others.flat().map(({ delivery }) => delivery.deliveryId)).toEqual([waits[0]?.ref.deliveryId]);
  });

  it('hands a timer out again when the lease of its claimant is over', async () => {
    await waitFor(0);
    const [first] = await claim();
    expect(await claim()).toEqual([]);
    await contract.clock.advance(TIMER_LEASE_MS - 1);
    expect(await claim()).toEqual([]);
    await contract.clock.advance(1);
    const [second] = await claim();
    if (first === undefined || second === undefined) throw new Error('two claims');
    expect(second).toMatchObject({ id: first.id, dueAtMs: first.dueAtMs, delivery: first.delivery });
    // The first claimant was only slow: its claim proves nothing any more.
    await contract.store.removeTimers([first]);
    await contract.clock.advance(TIMER_LEASE_MS);
    const [third] = await claim();
    expect(third?.id).toBe(first.id);
    if (third !== undefined) await contract.store.removeTimers([second, third]);
    expect(await contract.store.nextTimerInMs()).toBeUndefined();
  });

  it('does not let an old claim remove a later wait of the same delivery', async () => {
    const { ref } = await waitFor(0);
    const [first] = await claim();
    if (first === undefined) throw new Error('a claim');
    await settleOne(contract, { ...ref, attempt: 2 }, { kind: 'park', dueInMs: 0 });
    await contract.store.removeTimers([first]);
    const [second] = await claim();
    expect(second?.delivery.attempt).toBe(2);
    await contract.store.removeTimers([first]);
    await contract.clock.advance(TIMER_LEASE_MS);
    expect(await claim()).toHaveLength(1);
  });

  it('keeps waits and claims over a restart', async () => {
    await waitFor(1_000);
    await waitFor(0);
    expect(await claim()).toHaveLength(1);
    await contract.reopen();
    expect(await claim()).toEqual([]);
    expect(await contract.store.nextTimerInMs()).toBe(1_000);
    await contract.clock.advance(TIMER_LEASE_MS);
    expect(await claim()).toHaveLength(2);
  });

  it('has none left for a delivery that ended, was acknowledged or was cancelled', async () => {
    const [ended, acknowledged, cancelled] = [await waitFor(0), await waitFor(0), await waitFor(0)];
    await settleOne(contract, { ...ended.ref, attempt: 2 }, DELIVERED);
    const { tenant } = acknowledged.ref;
    const notificationIds = [acknowledged.notification.id];
    await contract.store.acknowledge([{ tenant, user: acknowledged.recipient, notificationIds }]);
    await contract.store.cancelNotification(cancelled.ref.tenant, cancelled.notification.id);
    expect(await contract.store.nextTimerInMs()).toBeUndefined();
    expect(await claim()).toEqual([]);
  });
}
