import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Notification } from '@belfry/core/notification';
import type { Store } from '@belfry/core/store/store';
import { createRealtimeState, type ReceiptFacts } from '@belfry/dispatch';
import { notificationFrame } from '@belfry/protocol/client-notification';
import { createSystemClock, hashSecret } from '@belfry/runtime';
import { createSqliteStore } from '@belfry/store/sqlite';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { alice, SOON, startGateway, type TestGateway, testNotification, userToken } from './gateway.fixture.ts';
import { openLiveClient } from './live-client.fixture.ts';

describe('over the embedded store', () => {
  let directory: string;
  let store: Store;
  let gateway: TestGateway;
  let receipts: ReceiptFacts[];

  beforeEach(async () => {
    directory = mkdtempSync(path.join(tmpdir(), 'belfry-gateway-'));
    receipts = [];
    store = await createSqliteStore({
      directory,
      clock: createSystemClock(),
      onFatal: (error) => {
        throw error;
      },
    });
    const feed = { put: (facts: readonly ReceiptFacts[]) => void receipts.push(...facts) };
    gateway = await startGateway({ heartbeatMs: 200 }, { store, realtime: createRealtimeState(store, feed) });
  });
  afterEach(async () => {
    await gateway.stop();
    expect(gateway.errors).toEqual([]);
    await store.close();
    rmSync(directory, { recursive: true });
  });

  /** Stores as the router does, and publishes the hint or loses it. */
  const publish = async (notification: Notification, hint: 'frame' | 'lost' = 'frame'): Promise<void> => {
    const [result] = await store.route([{ notification, recipient: alice.user }]);
    if (result?.kind !== 'routed') throw new Error('not routed');
    const { offset } = result;
    const frame = notificationFrame({ epoch: await store.epoch(), offset }, notification);
    if (hint === 'frame') gateway.backplane.publish([{ ...alice, offset, frame }]);
  };
  const bearer = { headers: { authorization: `Bearer ${userToken('alice')}` } };

  it('goes from stored to sent, delivered and read, each told once', async () => {
    const first = openLiveClient(gateway.webSocketUrl, bearer);
    const second = openLiveClient(gateway.webSocketUrl, bearer);
    await Promise.all([first.hello(), second.hello()]);
    const notification = testNotification('one');
    await publish(notification);
    await Promise.all([first.receives(['one']), second.receives(['one'])]);
    const inboxState = async () => (await store.readInbox(alice, undefined, 10)).items[0]?.state;
    await vi.waitFor(async () => expect(await inboxState()).toBe('sent'), SOON);
    first.send({ type: 'ack', ids: [notification.id, 'unknown'] });
    second.send({ type: 'ack', ids: [notification.id] });
    await vi.waitFor(async () => expect(await inboxState()).toBe('delivered'), SOON);
    second.send({ type: 'read', ids: [notification.id] });
    await vi.waitFor(async () => expect((await store.readInbox(alice, undefined, 10)).unread).toBe(0), SOON);
    await vi.waitFor(() => expect(receipts.map((each) => each.state)).toEqual(['sent', 'delivered', 'read']), SOON);
  });

  it('replays from a cursor, heals a lost hint, and takes a ticket once', async () => {
    await store.createTicket(hashSecret('t-1'), { ...alice, expiresAtMs: Date.now() + 30_000 });
    for (const title of ['one', 'two', 'three']) await publish(testNotification(title));
    const cursor = `${await store.epoch()}:1`;
    const client = openLiveClient(`${gateway.webSocketUrl}?ticket=t-1&cursor=${cursor}`);
    expect(await client.hello()).toMatchObject({ cursor, recovered: true });
    await client.receives(['two', 'three']);
    await publish(testNotification('four'), 'lost');
    await client.receives(['two', 'three', 'four']);
    expect(await openLiveClient(`${gateway.webSocketUrl}?ticket=t-1`).refusedWith()).toBe(401);
  });

  it('starts a user who never got anything at nothing', async () => {
    const client = openLiveClient(gateway.webSocketUrl, bearer);
    expect(await client.hello()).toMatchObject({ cursor: `${await store.epoch()}:0`, recovered: true });
    await publish(testNotification('first'));
    await client.receives(['first']);
    const again = openLiveClient(`${gateway.webSocketUrl}?cursor=${await store.epoch()}:0`, bearer);
    await again.receives(['first']);
  });
});
