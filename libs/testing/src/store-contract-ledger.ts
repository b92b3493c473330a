import { expect, it } from 'vitest';
import type { StoreContract } from './store-contract.ts';
import {
  addDevices,
  DEAD,
  DELIVERED,
  notificationOf,
  routeOne,
  routeTo,
  settleOne,
  unique,
} from './store-contract-fixture.ts';

export function describeLedger(contract: StoreContract): void {
  it('knows nothing of a notification that is not there, or of another tenant', async () => {
    const { notification } = await routeOne(contract);
    expect(await contract.store.readNotification(notification.tenant, 'unknown', undefined, 10)).toBeUndefined();
    expect(await contract.store.readNotification(unique('t'), notification.id, undefined, 10)).toBeUndefined();
  });

  it('counts all deliveries and pages through them by id', async () => {
    const tenant = unique('t');
    const notification = notificationOf(contract, tenant);
    const recipients = ['ann', 'bob', 'cy', 'dee', 'eve'];
    for (const user of recipients) {
      await addDevices(contract, { tenant, user }, [`${user}-1`]);
      const phone = { channel: 'fcm', address: { token: unique('token') } } as const;
      await contract.store.registerDevice({ tenant, user }, `${user}-2`, phone);
    }
    await contract.store.writePreferences({ tenant, user: 'eve' }, { channels: { realtime: false }, types: {} });
    const [first, second, third] = await routeTo(contract, notification, recipients);
    if (first === undefined || second === undefined || third === undefined) throw new Error('ten refs');
    await settleOne(contract, first, DELIVERED);
    await settleOne(contract, second, DEAD);
    await settleOne(contract, third, { kind: 'retry', dueInMs: 1_000 });
    const counts = { queued: 7, stored: 4, delivered: 1, 'dead-lettered': 1, retrying: 1, skipped: 1 };
    const ids: string[] = [];
    let after: string | undefined;
    do {
      const page = await contract.store.readNotification(tenant, notification.id, after, 6);
      expect(page).toMatchObject({ notification, status: 'routed', counts });
      ids.push(...(page?.deliveries ?? []).map(({ id }) => id));
      after = page?.next;
    } while (after !== undefined);
    expect(ids).toHaveLength(15);
    expect(ids).toEqual([...new Set(ids)].sort());
  });

  it('tells of attempts in the order of redrive and number, and of times', async () => {
    const { notification, ref } = await routeOne(contract);
    const createdAtMs = contract.clock.nowMs();
    await contract.clock.advance(1_000);
    await settleOne(contract, ref, { kind: 'retry', dueInMs: 500 });
    await contract.clock.advance(500);
    await settleOne(contract, { ...ref, attempt: 2 }, DEAD);
    await contract.store.redrive({
      tenant: ref.tenant,
      selection: { kind: 'ids', ids: [`${ref.deliveryId}.0`] },
      dryRun: false,
      ratePerSecond: 100,
      taskId: unique('task'),
      requestedBy: 'key',
    });
    await settleOne(contract, { ...ref, redrive: 1 }, { kind: 'retry', dueInMs: 700 });
    const entry = await contract.store.readNotification(ref.tenant, notification.id, undefined, 10);
    const delivery = entry?.deliveries.find(({ id }) => id === ref.deliveryId);
    expect(delivery).toMatchObject({
      recipient: 'ann',
      channel: 'webpush',
      device: ref.deviceId,
      createdAtMs,
      updatedAtMs: createdAtMs + 1_500,
      dueAtMs: createdAtMs + 2_200,
      redrive: 1,
    });
    expect(delivery?.attempts.map(({ redrive, number }) => [redrive, number])).toEqual([
      [0, 1],
      [0, 2],
      [1, 1],
    ]);
  });
}
