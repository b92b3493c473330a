import { TICKET_TTL_MS } from '@belfry/core/store/credentials';
import { IDEMPOTENCY_KEY_TTL_MS } from '@belfry/core/store/idempotency';
import type { RealtimeChange } from '@belfry/core/store/user-stream';
import { expect, it } from 'vitest';
import type { StoreContract } from './store-contract.ts';
import {
  DEAD,
  DELIVERED,
  deadOne,
  HOUR_MS,
  notificationOf,
  type Routed,
  routeOne,
  settleOne,
  unique,
} from './store-contract-fixture.ts';

const SETTINGS = { notificationsMs: 10 * HOUR_MS, deadLettersMs: 100 * HOUR_MS };

export function describeRetention(contract: StoreContract): void {
  const shortLived = () => ({ expiresAtMs: contract.clock.nowMs() + HOUR_MS });
  /** What became expired, by notification. */
  const expireAll = async (graceMs = 0, limit = 100) => {
    const expired: RealtimeChange[] = [];
    for (let more = true; more; ) {
      const step = await contract.store.expireUnseen(graceMs, limit);
      expired.push(...step.changes);
      more = step.more;
    }
    return expired;
  };
  const purgeAll = async (limit = 100) => {
    await expireAll(0, limit);
    let calls = 0;
    do calls++;
    while ((await contract.store.purge(SETTINGS, limit)) && calls < 1_000);
    return calls;
  };
  const read = ({ notification }: Pick<Routed, 'notification'>) =>
    contract.store.readNotification(notification.tenant, notification.id, undefined, 10);

  it('ends realtime deliveries that nobody was shown by their deadline', async () => {
    const unseen = await routeOne(contract, { fields: shortLived() });
    const seen = await routeOne(contract, { fields: shortLived() });
    const { ref, notification } = seen;
    await contract.store.markSent([{ tenant: ref.tenant, user: 'ann', notificationIds: [notification.id] }]);
    await contract.clock.advance(HOUR_MS - 1);
    expect(await expireAll()).toEqual([]);
    expect(await read(unseen)).toMatchObject({ counts: { stored: 1 } });
    await contract.clock.advance(1);
    const { tenant } = unseen.ref;
    expect(await expireAll()).toEqual([
      {
        tenant,
        user: 'ann',
        notificationId: unseen.notification.id,
        deliveryId: unseen.realtimeId,
        state: 'expired',
      },
    ]);
    expect(await expireAll()).toEqual([]);
    expect(await read(unseen)).toMatchObject({ counts: { expired: 1, queued: 1 } });
    expect(await read(seen)).toMatchObject({ counts: { sent: 1, queued: 1 } });
  });

  it('leaves them the grace, in which what was shown just before the deadline is still written', async () => {
    const late = await routeOne(contract, { fields: shortLived() });
    const { ref, notification } = late;
    await contract.clock.advance(HOUR_MS + 499);
    expect(await expireAll(500)).toEqual([]);
    await contract.store.markSent([{ tenant: ref.tenant, user: 'ann', notificationIds: [notification.id] }]);
    await contract.clock.advance(1);
    expect(await expireAll(500)).toEqual([]);
    expect(await read(late)).toMatchObject({ counts: { sent: 1, queued: 1 } });
  });

  it('ends one that was routed only after its deadline', async () => {
    const notification = notificationOf(contract, unique('t'), shortLived());
    await contract.store.beginAccept([{ notification, bodyHash: 'hash', takeOver: false }]);
    await contract.clock.advance(HOUR_MS);
    await expireAll();
    await contract.store.route([{ notification, recipient: 'ann' }]);
    await expireAll();
    expect(await read({ notification })).toMatchObject({ counts: { expired: 1 } });
  });

  it('deletes notifications with all that belongs to them once everything has ended and the time is over', async () => {
    const ended = await routeOne(contract, { fields: shortLived() });
    await settleOne(contract, ended.ref, DELIVERED);
    const open = await routeOne(contract, { fields: shortLived() });
    const pushOnly = await routeOne(contract, { realtime: false, fields: shortLived() });
    await settleOne(contract, pushOnly.ref, DELIVERED);
    const young = await routeOne(contract);
    await settleOne(contract, young.ref, DELIVERED);
    await contract.clock.advance(HOUR_MS + SETTINGS.notificationsMs - 1);
    await purgeAll();
    expect(await read(ended)).toBeDefined();
    await contract.clock.advance(1);
    await purgeAll();
    expect(await read(ended)).toBeUndefined();
    expect(await read(pushOnly)).toBeUndefined();
    expect(await read(young)).toBeDefined();
    expect(await read(open)).toMatchObject({ counts: { queued: 1 } });
    for (const { ref } of [ended, pushOnly]) {
      const stream = await contract.store.readStream({ tenant: ref.tenant, user: 'ann' }, 0, 10);
      // The head stays: an offset is never given out twice.
      expect(stream).toEqual({ items: [], head: 1, oldest: 2 });
    }
  });

  it('goes on in small steps until nothing is left', async () => {
    const notification = notificationOf(contract, unique('t'), shortLived());
    const recipients = Array.from({ length: 25 }, (_, index) => `user-${index}`);
    await contract.store.route(recipients.map((recipient) => ({ notification, recipient })));
    await contract.clock.advance(HOUR_MS + SETTINGS.notificationsMs);
    expect(await contract.store.purge(SETTINGS, 10)).toBe(false);
    const first = await contract.store.expireUnseen(0, 10);
    expect([first.changes.length, first.more]).toEqual([10, true]);
    expect(await read({ notification })).toMatchObject({ counts: { expired: 10, stored: 15 } });
    expect(await purgeAll(10)).toBeGreaterThan(3);
    expect(await read({ notification })).toBeUndefined();
    expect(await contract.store.purge(SETTINGS, 10)).toBe(false);
  });

  it('keeps dead letters with their history for their own time', async () => {
    const dead = await deadOne(contract, { fields: shortLived() });
    const { tenant } = dead.ref;
    await contract.clock.advance(HOUR_MS + SETTINGS.notificationsMs);
    await purgeAll();
    expect(await read(dead)).toBeUndefined();
    const { items } = await contract.store.listDeadLetters(tenant, {}, undefined, 10);
    expect(items).toMatchObject([{ id: `${dead.ref.deliveryId}.0`, attempts: [{ number: 1 }] }]);
    const selection = { kind: 'ids', ids: items.map(({ id }) => id) } as const;
    const request = { tenant, selection, dryRun: false, ratePerSecond: 1, taskId: 't1', requestedBy: 'key' };
    expect(await contract.store.redrive(request)).toMatchObject({ skipped: { expired: 1 } });
    await contract.clock.advance(SETTINGS.deadLettersMs);
    await purgeAll();
    expect(await contract.store.listDeadLetters(tenant, {}, undefined, 10)).toMatchObject({ items: [] });
  });

  it('forgets tickets and idempotency keys whose time is over, and no others', async () => {
    const ticket = { tenant: 'acme', user: 'ann', expiresAtMs: contract.clock.nowMs() + TICKET_TTL_MS };
    await contract.store.createTicket('old', ticket);
    const claim = { tenant: 'acme', key: 'old', bodyHash: 'hash', seed: 's' };
    await contract.store.claimIdempotencyKey(claim);
    await contract.clock.advance(IDEMPOTENCY_KEY_TTL_MS);
    await contract.store.claimIdempotencyKey({ ...claim, key: 'new' });
    expect(await purgeAll(1)).toBe(2);
    expect(await contract.store.claimIdempotencyKey({ ...claim, key: 'new' })).toMatchObject({ kind: 'running' });
  });

  it('counts what an operator is woken for', async () => {
    const none = { oldestQueuedMs: 0, queued: 0, retrying: 0, timers: 0, timerLatenessMs: 0, openDeadLetters: 0 };
    expect(await contract.store.figures()).toEqual(none);
    await routeOne(contract);
    await contract.clock.advance(1_000);
    const waiting = await routeOne(contract);
    await settleOne(contract, waiting.ref, { kind: 'retry', dueInMs: 500 });
    const dead = await routeOne(contract);
    await settleOne(contract, dead.ref, DEAD);
    expect(await contract.store.figures()).toEqual({
      ...none,
      oldestQueuedMs: 1_000,
      queued: 1,
      retrying: 1,
      timers: 1,
      openDeadLetters: 1,
    });
    await contract.clock.advance(800);
    expect(await contract.store.figures()).toMatchObject({ oldestQueuedMs: 1_800, timerLatenessMs: 300 });
  });
}
