import { MAX_REDRIVES, type RedriveRequest } from '@belfry/core/store/dead-letters';
import { expect, it } from 'vitest';
import type { StoreContract } from './store-contract.ts';
import {
  claimableOf,
  DEAD,
  DELIVERED,
  deadOne,
  HOUR_MS,
  ledgerOf,
  type Routed,
  settleOne,
  unique,
} from './store-contract-fixture.ts';

export function describeRedriving(contract: StoreContract): void {
  const letterOf = ({ ref }: Routed, redrive = 0) => `${ref.deliveryId}.${redrive}`;
  const redrive = (tenant: string, ids: readonly string[], fields: Partial<RedriveRequest> = {}) =>
    contract.store.redrive({
      tenant,
      selection: { kind: 'ids', ids },
      dryRun: false,
      ratePerSecond: 1_000,
      taskId: unique('task'),
      requestedBy: 'key-1',
      ...fields,
    });
  const states = async (tenant: string) => {
    const { items } = await contract.store.listDeadLetters(tenant, {}, undefined, 100);
    return Object.fromEntries(items.map(({ id, state }) => [id, state]));
  };

  it('reopens the delivery, and closes the letter when it is delivered', async () => {
    const dead = await deadOne(contract);
    const { tenant } = dead.ref;
    const taskId = unique('task');
    expect(await redrive(tenant, [letterOf(dead)], { taskId })).toEqual({
      taskId,
      matched: 1,
      skipped: {},
      redriven: 1,
    });
    expect(await states(tenant)).toEqual({ [letterOf(dead)]: 'redriving' });
    expect(await contract.store.readGate([dead.ref])).toMatchObject([
      { state: 'retrying', attempt: 1, redrive: 1, dueInMs: 0 },
    ]);
    const [timer] = await claimableOf(contract, [dead]);
    expect(timer?.delivery).toEqual({ ...dead.ref, attempt: 1, redrive: 1 });
    await settleOne(contract, { ...dead.ref, redrive: 1 }, DELIVERED);
    expect(await states(tenant)).toEqual({ [letterOf(dead)]: 'redriven' });
    expect(await ledgerOf(contract, dead)).toMatchObject({ state: 'delivered', redrive: 1 });
  });

  it('opens a new letter when the delivery dies again, up to the limit', async () => {
    const dead = await deadOne(contract);
    const { tenant } = dead.ref;
    for (let round = 0; round < MAX_REDRIVES; round++) {
      expect(await redrive(tenant, [letterOf(dead, round)])).toMatchObject({ redriven: 1 });
      await settleOne(contract, { ...dead.ref, redrive: round + 1 }, DEAD);
      expect(await states(tenant)).toMatchObject({
        [letterOf(dead, round)]: 'redriven',
        [letterOf(dead, round + 1)]: 'open',
      });
    }
    expect(await redrive(tenant, [letterOf(dead, MAX_REDRIVES)])).toMatchObject({
      matched: 1,
      redriven: 0,
      skipped: { 'redriven-too-often': 1 },
    });
    const { items } = await contract.store.listDeadLetters(tenant, { state: 'open' }, undefined, 10);
    expect(items).toMatchObject([{ id: letterOf(dead, MAX_REDRIVES), redrive: MAX_REDRIVES }]);
    expect(items[0]?.attempts).toHaveLength(MAX_REDRIVES + 1);
  });

  it('skips what must not go out, says why, and counts the same in a dry run that changes nothing', async () => {
    const tenant = unique('t');
    const recipientsOf = ['good', 'expired', 'cancelled', 'acknowledged', 'removed', 'redriven'];
    const [good, expired, cancelled, acknowledged, removed, redriven] = await Promise.all(
      recipientsOf.map((recipient) =>
        deadOne(contract, {
          tenant,
          recipient,
          fields: recipient === 'expired' ? { expiresAtMs: contract.clock.nowMs() + HOUR_MS } : {},
        }),
      ),
    );
    if (!good || !expired || !cancelled || !acknowledged || !removed || !redriven) throw new Error('six');
    await redrive(tenant, [letterOf(redriven)]);
    await contract.clock.advance(HOUR_MS);
    await contract.store.cancelNotification(tenant, cancelled.notification.id);
    const { recipient, notification } = acknowledged;
    await contract.store.acknowledge([{ tenant, user: recipient, notificationIds: [notification.id] }]);
    await contract.store.removeDevice({ tenant, user: 'removed' }, removed.ref.deviceId);
    const ids = [good, expired, cancelled, acknowledged, removed, redriven].map((each) => letterOf(each));
    const expected = {
      matched: 6,
      skipped: { expired: 1, cancelled: 1, acknowledged: 1, 'device-removed': 1, 'not-open': 1 },
      redriven: 1,
    };
    const before = await states(tenant);
    expect(await redrive(tenant, [...ids, 'unknown'], { dryRun: true })).toMatchObject({ ...expected, redriven: 0 });
    expect(await states(tenant)).toEqual(before);
    expect(await redrive(tenant, [...ids, 'unknown'])).toMatchObject(expected);
    expect(await states(tenant)).toMatchObject({ [letterOf(good)]: 'redriving', [letterOf(expired)]: 'open' });
  });

  it('takes what a filter matches; without a state that is open letters', async () => {
    const tenant = unique('t');
    const dead = [await deadOne(contract, { tenant }), await deadOne(contract, { tenant, recipient: 'bob' })];
    const selection = { kind: 'filter', filter: { fingerprint: 'f1' } } as const;
    const otherTenant = await deadOne(contract);
    expect(await redrive(tenant, [], { selection: { kind: 'filter', filter: { recipient: 'bob' } } })).toMatchObject({
      matched: 1,
      redriven: 1,
    });
    expect(await redrive(tenant, [], { selection })).toMatchObject({ matched: 1, redriven: 1 });
    expect(await redrive(tenant, [], { selection })).toMatchObject({ matched: 0, redriven: 0 });
    expect(await claimableOf(contract, dead)).toHaveLength(2);
    expect(await states(otherTenant.ref.tenant)).toEqual({ [letterOf(otherTenant)]: 'open' });
  });

  it('claims each letter for one of several redrives at the same time', async () => {
    const tenant = unique('t');
    const dead = await Promise.all(
      Array.from({ length: 10 }, (_, index) => deadOne(contract, { tenant, recipient: `user-${index}` })),
    );
    const ids = dead.map((each) => letterOf(each));
    const results = await Promise.all(Array.from({ length: 5 }, () => redrive(tenant, ids)));
    expect(results.reduce((sum, { redriven }) => sum + redriven, 0)).toBe(10);
    expect(results.reduce((sum, { skipped }) => sum + (skipped['not-open'] ?? 0), 0)).toBe(40);
    await contract.clock.advance(1_000);
    expect(await claimableOf(contract, dead)).toHaveLength(10);
  });

  it('answers the same when the same task is repeated', async () => {
    const dead = await deadOne(contract);
    const taskId = unique('task');
    const first = await redrive(dead.ref.tenant, [letterOf(dead)], { taskId });
    expect(await redrive(dead.ref.tenant, [letterOf(dead)], { taskId })).toEqual(first);
  });

  it('releases at the rate asked for, oldest first', async () => {
    const tenant = unique('t');
    const dead: Routed[] = [];
    for (let index = 0; index < 6; index++) {
      await contract.clock.advance(1);
      dead.push(await deadOne(contract, { tenant, recipient: `user-${index}` }));
    }
    await redrive(tenant, dead.map((each) => letterOf(each)).reverse(), { ratePerSecond: 2 });
    const released: string[] = [];
    for (let elapsedMs = 0; elapsedMs <= 2_500; elapsedMs += 500) {
      const due = await claimableOf(contract, dead);
      released.push(...due.map(({ delivery }) => delivery.deliveryId));
      await contract.store.removeTimers(due);
      expect(released).toHaveLength(1 + elapsedMs / 500);
      await contract.clock.advance(500);
    }
    expect(released).toEqual(dead.map(({ ref }) => ref.deliveryId));
  });

  it('closes the letter of a redriven delivery that is acknowledged or cancelled while it waits', async () => {
    const [acknowledged, cancelled] = [await deadOne(contract), await deadOne(contract)];
    for (const dead of [acknowledged, cancelled]) await redrive(dead.ref.tenant, [letterOf(dead)]);
    const { ref, notification } = acknowledged;
    await contract.store.acknowledge([{ tenant: ref.tenant, user: 'ann', notificationIds: [notification.id] }]);
    await contract.store.cancelNotification(cancelled.ref.tenant, cancelled.notification.id);
    for (const dead of [acknowledged, cancelled]) {
      expect(await states(dead.ref.tenant)).toEqual({ [letterOf(dead)]: 'redriven' });
    }
    expect(await claimableOf(contract, [acknowledged, cancelled])).toEqual([]);
  });
}
