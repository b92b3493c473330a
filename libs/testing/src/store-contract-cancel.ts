import { expect, it } from 'vitest';
import type { StoreContract } from './store-contract.ts';
import {
  addDevices,
  claimableOf,
  DELIVERED,
  notificationOf,
  routeTo,
  settleOne,
  unique,
} from './store-contract-fixture.ts';

export function describeCancelling(contract: StoreContract): void {
  it('ends what was not sent and counts what was; a repeat answers the same', async () => {
    const tenant = unique('t');
    const notification = notificationOf(contract, tenant);
    const users = ['ann', 'bob', 'cy'];
    for (const user of users) await addDevices(contract, { tenant, user }, [`${user}-1`, `${user}-2`]);
    const refs = await routeTo(contract, notification, users);
    const [first, second] = refs;
    if (first === undefined || second === undefined) throw new Error('six refs');
    await settleOne(contract, first, DELIVERED);
    await settleOne(contract, second, { kind: 'retry', dueInMs: 1_000 });
    await contract.store.markSent([{ tenant, user: 'ann', notificationIds: [notification.id] }]);
    // Left: two realtime deliveries that nobody was shown, one push that waits, four on their way.
    for (let repeat = 0; repeat < 2; repeat++) {
      expect(await contract.store.cancelNotification(tenant, notification.id)).toEqual({
        cancelled: 7,
        alreadySent: 2,
      });
    }
    const entry = await contract.store.readNotification(tenant, notification.id, undefined, 20);
    expect(entry).toMatchObject({ status: 'cancelled', counts: { cancelled: 7, sent: 1, delivered: 1 } });
    await contract.clock.advance(10_000);
    expect(
      await claimableOf(
        contract,
        refs.map((ref) => ({ ref })),
      ),
    ).toEqual([]);
  });

  it('hides it from the inboxes that were not shown it', async () => {
    const tenant = unique('t');
    const notification = notificationOf(contract, tenant);
    const users = ['ann', 'bob'];
    await routeTo(contract, notification, users);
    await contract.store.markSent([{ tenant, user: 'ann', notificationIds: [notification.id] }]);
    await contract.store.cancelNotification(tenant, notification.id);
    const [ann, bob] = await Promise.all(
      users.map((user) => contract.store.readInbox({ tenant, user }, undefined, 10)),
    );
    expect(ann).toMatchObject({ unread: 1, items: [{ notification, state: 'sent' }] });
    expect(bob).toMatchObject({ unread: 0, items: [] });
    const stream = await contract.store.readStream({ tenant, user: 'bob' }, 0, 10);
    expect(stream).toMatchObject({ head: 1, items: [{ offset: 1, visible: false }] });
  });

  it('does not find what is not there', async () => {
    expect(await contract.store.cancelNotification(unique('t'), 'unknown')).toBeUndefined();
  });
}
