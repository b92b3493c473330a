import { createLocalBackplane } from '@belfry/backplane-local';
import type { Backplane } from '@belfry/core/backplane';
import type { RecipientKey } from '@belfry/core/store/routing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { alice, bob, SOON, startGateway, type TestGateway, testNotification, userToken } from './gateway.fixture.ts';
import { openLiveClient } from './live-client.fixture.ts';

/** The local backplane, with gaps that a test tells of. */
function createGappedBackplane() {
  const local = createLocalBackplane();
  const gaps = new Set<() => void>();
  let onSubscribed = (): void => undefined;
  const backplane: Backplane = {
    ...local,
    subscribe(tenant, user, handler, onGap = () => undefined) {
      const stop = local.subscribe(tenant, user, handler);
      gaps.add(onGap);
      onSubscribed();
      return () => {
        stop();
        gaps.delete(onGap);
      };
    },
  };
  const tellAll = (): void => {
    for (const onGap of gaps) onGap();
  };
  return {
    backplane,
    gaps,
    tellAll,
    tellWhenSubscribed: () => {
      onSubscribed = () => queueMicrotask(tellAll);
    },
  };
}

describe('a gap that the backplane tells of', () => {
  let gapped: ReturnType<typeof createGappedBackplane>;
  let gateway: TestGateway;

  beforeEach(async () => {
    gapped = createGappedBackplane();
    // Heartbeats would come long after the test.
    gateway = await startGateway({ heartbeatMs: 300_000 }, { backplane: gapped.backplane });
  });
  afterEach(async () => {
    await gateway.stop();
    expect(gateway.errors).toEqual([]);
  });

  const connect = async ({ user }: RecipientKey, query = '') => {
    const headers = { authorization: `Bearer ${userToken(user)}` };
    const client = openLiveClient(gateway.webSocketUrl + query, { headers });
    await client.hello();
    return client;
  };

  it('makes the gateway look at once, with one store call for all that are told together', async () => {
    const clients = [await connect(alice), await connect(bob)];
    for (const user of [alice, bob]) gateway.publish(user, testNotification(`for ${user.user}`), 'lost');
    const { heads } = gateway.streams.calls;
    gapped.tellAll();
    await clients[0]?.receives(['for alice']);
    await clients[1]?.receives(['for bob']);
    expect(gateway.streams.calls.heads).toBe(heads + 1);
  });

  it('is remembered when it is told while the connection is being made', async () => {
    gapped.tellWhenSubscribed();
    const { heads } = gateway.streams.calls;
    await connect(alice);
    // One to begin with, one for the gap.
    await vi.waitFor(() => expect(gateway.streams.calls.heads).toBe(heads + 2), SOON);
  });

  it('costs nothing but the wait for a heartbeat when the store is down, too', async () => {
    const client = await connect(alice);
    gateway.publish(alice, testNotification('one'), 'lost');
    gateway.streams.setDown(true);
    gapped.tellAll();
    await new Promise((resolve) => setTimeout(resolve, 100));
    gateway.streams.setDown(false);
    gapped.tellAll();
    await client.receives(['one']);
  });

  it('ends with the last connection of the user', async () => {
    const client = await connect(alice);
    expect(gapped.gaps.size).toBe(1);
    client.close();
    await vi.waitFor(() => expect(gapped.gaps.size).toBe(0), SOON);
  });
});
