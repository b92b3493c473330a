import { type BelfryClientOptions, type ClientState, createBelfryClient } from '@belfry/client';
import { createSeededRandom } from '@belfry/testing/seeded-random';
import { EventSource } from 'eventsource';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { alice, SOON, type TestGateway, testNotification, userToken } from './gateway.fixture.ts';
import { useGateways } from './use-gateways.fixture.ts';

const clients: { close(): void }[] = [];
const start = useGateways();

afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

/** The browser SDK in Node: its `WebSocket` is ws, and every socket that it opened can be cut. */
function createClient(gateway: TestGateway, options: Partial<BelfryClientOptions> = {}) {
  const titles: string[] = [];
  const states: ClientState[] = [];
  const sockets: WebSocket[] = [];
  class CuttableWebSocket extends WebSocket {
    constructor(url: string) {
      super(url);
      sockets.push(this);
    }
  }
  const client = createBelfryClient({
    baseUrl: gateway.url,
    user: 'alice',
    getToken: () => userToken('alice'),
    onNotification: (notification) => titles.push(notification.title),
    onStateChange: (state) => states.push(state),
    // Short waits: full jitter of a small number.
    random: () => 0.02,
    WebSocket: CuttableWebSocket as unknown as typeof globalThis.WebSocket,
    EventSource: EventSource as unknown as typeof globalThis.EventSource,
    ...options,
  });
  clients.push(client);
  return {
    client,
    titles,
    states,
    cut: () => sockets.at(-1)?.terminate(),
    connected: () => vi.waitFor(() => expect(client.state().state).toBe('connected'), SOON),
    receives: (expected: readonly string[]) => vi.waitFor(() => expect(titles).toEqual(expected), SOON),
  };
}

describe('the browser SDK with a gateway', () => {
  it('resumes after every disconnect without gap or repetition', async () => {
    const gateway = await start();
    const { client, cut, connected, receives } = createClient(gateway);
    client.connect();
    await connected();
    const random = createSeededRandom(11);
    const sent: string[] = [];
    for (let count = 0; count < 200; count++) {
      sent.push(`n${count}`);
      gateway.publish(alice, testNotification(`n${count}`), random.next() < 0.2 ? 'bare' : 'frame');
      if (random.next() < 0.05) cut();
      if (random.next() < 0.3) await new Promise((resolve) => setImmediate(resolve));
      if (random.next() < 0.05) await connected();
    }
    await receives(sent);
    await vi.waitFor(() => {
      const acknowledged = new Set(gateway.marks.acknowledged.flatMap((mark) => mark.notificationIds));
      expect(acknowledged.size).toBe(200);
    }, SOON);
  });

  it('does not show twice what the gateway sends twice', async () => {
    const gateway = await start();
    const { client, connected, receives } = createClient(gateway);
    client.connect();
    await connected();
    const notification = testNotification('once');
    gateway.publish(alice, notification);
    gateway.publish(alice, notification);
    gateway.publish(alice, testNotification('last'));
    await receives(['once', 'last']);
  });

  it('falls back to SSE where WebSockets do not get through, and resumes there', async () => {
    const gateway = await start();
    for (const title of ['one', 'two']) gateway.publish(alice, testNotification(title));
    const storage = new Map([[`belfry:cursor:${gateway.url}:alice`, gateway.cursor(1)]]);
    class BlockedWebSocket extends WebSocket {
      constructor() {
        super(`${gateway.webSocketUrl}/blocked-by-a-proxy`);
      }
    }
    const { client, connected, states, receives } = createClient(gateway, {
      getTicket: () => gateway.ticket(alice),
      WebSocket: BlockedWebSocket as unknown as typeof globalThis.WebSocket,
      storage: {
        getItem: (key) => storage.get(key) ?? null,
        setItem: (key, value) => void storage.set(key, value),
        removeItem: (key) => void storage.delete(key),
      },
    });
    client.connect();
    await connected();
    await receives(['two']);
    const tried = states.flatMap((state) => (state.state === 'connecting' ? [state.transport] : []));
    expect(tried).toEqual(['websocket', 'websocket', 'sse']);
    gateway.publish(alice, testNotification('three'));
    await receives(['two', 'three']);
    gateway.cut();
    gateway.publish(alice, testNotification('four'));
    await receives(['two', 'three', 'four']);
    expect([...storage.values()]).toEqual([gateway.cursor(4)]);
  });

  it('hears goodbye and comes back when it was told to', async () => {
    const gateway = await start({ reconnectSpreadMs: 50 });
    const { client, connected, states } = createClient(gateway);
    client.connect();
    await connected();
    await gateway.service.drain?.(new AbortController().signal);
    await vi.waitFor(() => {
      const waiting = states.find((state) => state.state === 'waiting');
      if (waiting?.state !== 'waiting') throw new Error('not waiting');
      expect(waiting.reason).toBe('restart');
      expect(waiting.retryInMs).toBeGreaterThanOrEqual(200);
      expect(waiting.retryInMs).toBeLessThanOrEqual(250);
    }, SOON);
  });

  it('stops when its credentials are refused again and again', async () => {
    const gateway = await start();
    let asked = 0;
    const { client } = createClient(gateway, {
      transport: 'websocket',
      getToken: () => {
        asked += 1;
        return userToken('alice', -60);
      },
    });
    client.connect();
    await vi.waitFor(() => expect(client.state()).toEqual({ state: 'closed', reason: 'unauthenticated' }), SOON);
    expect(asked).toBe(3);
  });

  it('says that it could not recover when the history was lost', async () => {
    const gateway = await start({ heartbeatMs: 100 });
    const { client, states, connected } = createClient(gateway);
    client.connect();
    await connected();
    gateway.streams.setEpoch('e2');
    await vi.waitFor(() => {
      const recovered = states.flatMap((state) => (state.state === 'connected' ? [state.recovered] : []));
      expect(recovered).toEqual([true, false]);
    }, SOON);
  });
});
