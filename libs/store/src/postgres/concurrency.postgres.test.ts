import type { DeliveryRef } from '@belfry/core/delivery';
import type { Store } from '@belfry/core/store/store';
import { TIMER_LEASE_MS } from '@belfry/core/store/timers';
import { createFakeClock, type FakeClock } from '@belfry/testing/fake-clock';
import { findPostgres } from '@belfry/testing/find-postgres';
import { describeNeeding } from '@belfry/testing/need';
import type { StoreContract } from '@belfry/testing/store-contract';
import {
  addDevices,
  attemptOf,
  DELIVERED,
  deadOne,
  notificationOf,
  routeOne,
  settlementOf,
  settleOne,
  unique,
} from '@belfry/testing/store-contract-fixture';
import { describeInterleavings } from '@belfry/testing/store-contract-interleavings';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestSchema, type TestSchema } from './test-schema.fixture.ts';

const STORES = 4;

/** What several processes do to the same rows at the same moment. Each store here has a pool and merged calls of its own, as a process would. */
describeNeeding('postgres', await findPostgres(), 'several stores on one schema', ({ url }) => {
  let schema: TestSchema;
  let stores: readonly Store[];
  let clock: FakeClock;
  /** Why calls were repeated, by SQLSTATE. */
  const repeated: unknown[] = [];
  const deadlocks = () => repeated.filter((code) => code === '40P01');
  beforeAll(async () => {
    clock = createFakeClock();
    schema = createTestSchema(url);
    const logger = { warn: () => {}, info: ({ code }: { readonly code?: unknown }) => repeated.push(code) };
    stores = await Promise.all(Array.from({ length: STORES }, () => schema.open(clock, { logger })));
  }, 60_000);
  afterAll(async () => {
    await Promise.all(stores.map((store) => store.close()));
    await schema.drop();
  }, 60_000);

  let turn = 0;
  /** Another one at every call. */
  const anyStore = (): Store => {
    const store = stores[turn++ % stores.length];
    if (store === undefined) throw new Error('there are stores');
    return store;
  };
  const contract: StoreContract = {
    get store() {
      return anyStore();
    },
    get clock() {
      return clock;
    },
    reopen: () => Promise.reject(new Error('not here')),
  };

  it('lets one of fifty accept an id', async () => {
    for (let round = 0; round < 10; round++) {
      const notification = notificationOf(contract, unique('t'));
      const racers = Array.from({ length: 50 }, () =>
        anyStore().beginAccept([{ notification, bodyHash: 'hash', takeOver: false }]),
      );
      const kinds = (await Promise.all(racers)).flat().map(({ kind }) => kind);
      expect(kinds.filter((kind) => kind === 'append')).toHaveLength(1);
      expect(kinds.filter((kind) => kind === 'in-progress')).toHaveLength(49);
    }
  });

  it('lets one of many take over what a dead writer left', async () => {
    const notification = notificationOf(contract, unique('t'));
    await anyStore().beginAccept([{ notification, bodyHash: 'hash', takeOver: false }]);
    await clock.advance(10_001);
    const racers = Array.from({ length: 20 }, () =>
      anyStore().beginAccept([{ notification, bodyHash: 'hash', takeOver: false }]),
    );
    const kinds = (await Promise.all(racers)).flat().map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'append')).toHaveLength(1);
  });

  it('accepts and routes the same large batches in any order without a deadlock', async () => {
    for (let round = 0; round < 5; round++) {
      const tenant = unique('t');
      const notifications = Array.from({ length: 100 }, () => notificationOf(contract, tenant));
      await Promise.all(
        stores.map((store, index) => {
          const order = index % 2 === 0 ? notifications : notifications.toReversed();
          return store.beginAccept(order.map((notification) => ({ notification, bodyHash: 'h', takeOver: false })));
        }),
      );
      await Promise.all(stores.map((store, index) => store.markAccepted(rotated(notifications, index * 23))));
      // Users that nobody has seen yet, and notifications that came straight through the log.
      const direct = Array.from({ length: 50 }, (_, index) => ({
        notification: notificationOf(contract, tenant),
        recipient: `user-${index}`,
      }));
      await Promise.all(stores.map((store, index) => store.route(index % 2 === 0 ? direct : direct.toReversed())));
    }
    expect(deadlocks()).toEqual([]);
  });

  it('lets one of several redrives at a time take a letter', async () => {
    const tenant = unique('t');
    const dead = await Promise.all(Array.from({ length: 20 }, () => deadOne(contract, { tenant })));
    const results = await Promise.all(
      stores.map((store, index) =>
        store.redrive({
          tenant,
          selection: { kind: 'filter', filter: {} },
          dryRun: false,
          ratePerSecond: 100,
          taskId: `task-${index}`,
          requestedBy: 'key',
        }),
      ),
    );
    expect(results.reduce((sum, { redriven }) => sum + redriven, 0)).toBe(dead.length);
  });

  it('gives an idempotency key to one of fifty', async () => {
    for (let round = 0; round < 10; round++) {
      const claim = { tenant: unique('t'), key: 'key', bodyHash: 'hash', seed: 'seed' };
      const claims = await Promise.all(Array.from({ length: 50 }, () => anyStore().claimIdempotencyKey(claim)));
      expect(claims.filter(({ kind }) => kind === 'claimed')).toHaveLength(1);
    }
  });

  it('claims and forgets a key at the same time without failing', async () => {
    const tenant = unique('t');
    const claim = { tenant, key: 'key', bodyHash: 'hash', seed: 'seed' };
    await Promise.all(
      Array.from({ length: 100 }, async () => {
        const { kind } = await anyStore().claimIdempotencyKey(claim);
        if (kind === 'claimed') await anyStore().releaseIdempotencyKey(tenant, 'key');
      }),
    );
  });

  it('fills the streams of the same users without a gap whoever routes', { timeout: 60_000 }, async () => {
    const tenant = unique('t');
    const users = Array.from({ length: 12 }, (_, index) => `user-${index}`);
    // The others are new.
    for (const user of users.slice(0, 6)) await addDevices(contract, { tenant, user }, [`d-${user}`]);
    const notifications = Array.from({ length: 60 }, () => notificationOf(contract, tenant));
    // Every router has the notifications of every user, in an order of its own, and new users and notifications at that.
    await Promise.all(
      stores.flatMap((store, index) =>
        [0, 1].map(async (offset) => {
          const order = rotated(notifications, index * 17 + offset * 31);
          for (let at = 0; at < order.length; at += 10) {
            const entries = order
              .slice(at, at + 10)
              .flatMap((notification) =>
                rotated(users, index * 5 + at).map((recipient) => ({ notification, recipient })),
              );
            await store.route(entries);
          }
        }),
      ),
    );
    for (const user of users) {
      const { items, head } = await anyStore().readStream({ tenant, user }, 0, 1_000);
      expect(head).toBe(notifications.length);
      expect(items.map(({ offset }) => offset)).toEqual(notifications.map((_, index) => index + 1));
      expect(new Set(items.map(({ notification }) => notification.id)).size).toBe(notifications.length);
    }
  });

  it('either routes a notification or cancels it', async () => {
    for (let round = 0; round < 20; round++) {
      const notification = notificationOf(contract, unique('t'));
      await anyStore().beginAccept([{ notification, bodyHash: 'hash', takeOver: false }]);
      const users = ['ann', 'bob', 'cid'];
      for (const user of users) await addDevices(contract, { tenant: notification.tenant, user }, [`d-${user}`]);
      const [cancelled, ...routed] = await Promise.all([
        anyStore().cancelNotification(notification.tenant, notification.id),
        ...users.map((user) => anyStore().route([{ notification, recipient: user }])),
      ]);
      const entry = await anyStore().readNotification(notification.tenant, notification.id, undefined, 10);
      const stored = routed.flat().filter(({ kind }) => kind === 'routed').length;
      // What was routed before the cancellation was ended by it; what comes after is refused. Nothing is left between the two.
      expect(entry?.counts).toEqual(stored === 0 ? {} : { cancelled: stored * 2 });
      expect(cancelled).toEqual({ cancelled: stored * 2, alreadySent: 0 });
    }
  });

  it('lets one settlement of an attempt through', async () => {
    for (let round = 0; round < 10; round++) {
      const { ref } = await routeOne(contract);
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          anyStore().settle([settlementOf(contract, ref, index % 2 ? DELIVERED : { kind: 'retry', dueInMs: 5 })]),
        ),
      );
      expect(results.flat().filter(Boolean)).toHaveLength(1);
    }
  });

  it('leaves nothing waiting after an acknowledgement or a cancellation that met the settlement', async () => {
    const tenant = unique('t');
    for (let round = 0; round < 40; round++) {
      const { ref, notification, recipient } = await routeOne(contract, { tenant });
      const stop = (): Promise<unknown> =>
        round % 2 === 0
          ? anyStore().cancelNotification(tenant, notification.id)
          : anyStore().acknowledge([{ tenant, user: recipient, notificationIds: [notification.id] }]);
      await Promise.all([
        anyStore().settle([settlementOf(contract, ref, { kind: 'retry', dueInMs: 1_000 })]),
        round % 3 === 0 ? stop() : new Promise(setImmediate).then(stop),
      ]);
      const entry = await anyStore().readNotification(tenant, notification.id, undefined, 10);
      const push = entry?.deliveries.find(({ id }) => id === ref.deliveryId);
      expect(push).toMatchObject({ state: round % 2 === 0 ? 'cancelled' : 'acknowledged', dueAtMs: undefined });
    }
    expect(await timersOf(tenant)).toEqual([]);
  });

  it('settles, acknowledges, cancels and redrives the same large batches without a deadlock', async () => {
    const tenant = unique('t');
    const routed = await Promise.all(Array.from({ length: 40 }, () => routeOne(contract, { tenant })));
    const dead = await Promise.all(Array.from({ length: 10 }, () => deadOne(contract, { tenant })));
    const refs: readonly DeliveryRef[] = routed.map(({ ref }) => ref);
    const marks = (list: readonly DeliveryRef[]) =>
      list.map(({ notificationId }) => ({ tenant, user: 'ann', notificationIds: [notificationId] }));
    await Promise.all(
      stores.flatMap((store, index) => [
        store.settle(rotated(refs, index * 7).map((ref) => settlementOf(contract, ref, { kind: 'retry', dueInMs: 0 }))),
        store.acknowledge(marks(rotated(refs, index * 11))),
        store.markSent(marks(rotated(refs, index * 13))),
        store.markRead(marks(rotated(refs, index * 3).toReversed())),
        store.claimDueTimers(100, TIMER_LEASE_MS).then((timers) => store.removeTimers(timers)),
        store.cancelNotification(tenant, refs[index]?.notificationId ?? ''),
        store.redrive({
          tenant,
          selection: { kind: 'ids', ids: rotated(dead, index * 3).map(({ ref }) => `${ref.deliveryId}.0`) },
          dryRun: false,
          ratePerSecond: 100,
          taskId: `task-${index % 2}`,
          requestedBy: 'key',
        }),
      ]),
    );
    expect(deadlocks()).toEqual([]);
    const redriven = await Promise.all(
      dead.map(async ({ ref }) => {
        const entry = await anyStore().readNotification(tenant, ref.notificationId, undefined, 10);
        return entry?.deliveries.find(({ id }) => id === ref.deliveryId)?.redrive;
      }),
    );
    expect(redriven).toEqual(dead.map(() => 1));
  });

  it('gives the second of two equal redrives the first one’s answer', async () => {
    const tenant = unique('t');
    const { ref } = await deadOne(contract, { tenant });
    const request = {
      tenant,
      selection: { kind: 'ids', ids: [`${ref.deliveryId}.0`] },
      dryRun: false,
      ratePerSecond: 1,
      taskId: 'task',
      requestedBy: 'key',
    } as const;
    const answers = await Promise.all(stores.map((store) => store.redrive(request)));
    expect(answers).toEqual(stores.map(() => ({ taskId: 'task', matched: 1, skipped: {}, redriven: 1 })));
  });

  it('keeps a device that was registered again while it was removed as gone', async () => {
    for (let round = 0; round < 20; round++) {
      const { ref, recipient: user } = await routeOne(contract);
      const { tenant } = ref;
      const [device] = await anyStore().listDevices({ tenant, user });
      if (device === undefined) throw new Error('a device');
      const removeDevice = { deviceId: device.id, version: device.version };
      const gone = settlementOf(contract, ref, DELIVERED, { removeDevice, attempt: attemptOf(contract, ref) });
      const [, registered] = await Promise.all([
        anyStore().settle([gone]),
        anyStore().registerDevice({ tenant, user }, unique('d'), device),
      ]);
      if (registered.kind !== 'created' && registered.kind !== 'refreshed') throw new Error(registered.kind);
      expect((await anyStore().listDevices({ tenant, user })).map(({ id }) => id)).toEqual([registered.id]);
    }
  });

  it('registers an address for one of many users, and no more devices than a user may have', async () => {
    const tenant = unique('t');
    const token = (index: number) => ({ channel: 'fcm', address: { token: `${tenant}-${index}` } }) as const;
    const one = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        anyStore().registerDevice({ tenant, user: `user-${index}` }, unique('d'), token(0)),
      ),
    );
    expect(one.filter(({ kind }) => kind === 'created')).toHaveLength(1);
    const many = await Promise.all(
      Array.from({ length: 110 }, (_, index) =>
        anyStore().registerDevice({ tenant, user: 'many' }, unique('d'), token(index + 1)),
      ),
    );
    expect(many.filter(({ kind }) => kind === 'created')).toHaveLength(100);
  });

  it('expires and purges from several processes while others work, and nobody fails', { timeout: 60_000 }, async () => {
    const tenant = unique('t');
    const soon = { expiresAtMs: clock.nowMs() + 1_000 };
    const routed = await Promise.all(Array.from({ length: 60 }, () => routeOne(contract, { tenant, fields: soon })));
    await clock.advance(2_000);
    const settings = { notificationsMs: 0, deadLettersMs: 0 };
    let working = true;
    const purging = stores.map(async (store) => {
      const step = async () => (await store.expireUnseen(0, 7)).more || (await store.purge(settings, 7));
      while ((await step()) || working) await new Promise(setImmediate);
    });
    await Promise.all(
      routed.map(async ({ ref, notification, recipient }) => {
        const marks = [{ tenant, user: recipient, notificationIds: [notification.id] }];
        await Promise.all([anyStore().markSent(marks), anyStore().settle([settlementOf(contract, ref, DELIVERED)])]);
        await Promise.all([anyStore().acknowledge(marks), anyStore().settle([settlementOf(contract, ref, DELIVERED)])]);
      }),
    );
    working = false;
    await Promise.all(purging);
    for (const table of ['notifications', 'inbox', 'deliveries', 'attempts']) {
      expect(await schema.query(`select * from ${table} where tenant = '${tenant}'`)).toEqual([]);
    }
  });

  describe('schedulers', () => {
    it('never hold the same timer, and take over when the lease is over', async () => {
      const tenant = unique('t');
      const waiting = await Promise.all(Array.from({ length: 60 }, () => routeOne(contract, { tenant })));
      for (const { ref } of waiting) await settleOne(contract, ref, { kind: 'retry', dueInMs: 0 });
      const claimAll = async () => {
        const claims = await Promise.all(
          stores.flatMap((store) => [1, 2, 3, 4, 5].map(() => store.claimDueTimers(7, TIMER_LEASE_MS))),
        );
        // A claimant passes over what others are claiming at that moment, and comes back for it.
        for (;;) {
          const rest = await anyStore().claimDueTimers(100, TIMER_LEASE_MS);
          if (rest.length === 0) return claims.flat().filter(({ delivery }) => delivery.tenant === tenant);
          claims.push(rest);
        }
      };
      const first = await claimAll();
      expect(first.map(({ id }) => id).toSorted()).toEqual(waiting.map(({ ref }) => ref.deliveryId).toSorted());
      await clock.advance(TIMER_LEASE_MS - 1);
      expect(await claimAll()).toEqual([]);
      await clock.advance(1);
      const second = await claimAll();
      expect(second.map(({ id }) => id).toSorted()).toEqual(first.map(({ id }) => id).toSorted());
      // The first claimants were only slow: they remove nothing. The second ones do, at the same time as they do.
      await Promise.all([anyStore().removeTimers(first), anyStore().removeTimers(second)]);
      await anyStore().removeTimers(second);
      expect(await timersOf(tenant)).toEqual([]);
    });
  });

  describe('calls that go to another store each', () => {
    describeInterleavings(contract);
  });

  function timersOf(tenant: string) {
    return schema.query(`select delivery_id from timers where tenant = '${tenant}'`);
  }

  function rotated<T>(list: readonly T[], by: number): readonly T[] {
    const at = by % list.length;
    return [...list.slice(at), ...list.slice(0, at)];
  }
});
