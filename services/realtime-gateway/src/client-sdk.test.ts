import { type BelfryClientOptions, type ClientState, createBelfryClient } from '@belfry/client';
import { createSeededRandom } from '@belfry/testing/seeded-random';
import { EventSource } from 'eventsource';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { alice, bob, SOON, type TestGateway, testNotification, userToken } from './gateway.fixture.ts';
import { useGateways } from './use-gateways.fixture.ts';

const clients: { close(): void }[] = [];
const start = useGateways();

afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

/** The browser SDK in Node: its `WebSocket` is ws, and every socket that it opened can be cut. */
function createClient(
  gateway: TestGateway,
  options: Partial<BelfryClientOptions> = {},
  credentials: Pick<BelfryClientOptions, 'user' | 'getToken' | 'getTicket'> = {
    user: 'alice',
    getToken: () => userToken('alice'),
  },
) {
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
    ...credentials,
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

function createStorage() {
  const items = new Map<string, string>();
  return {
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
    removeItem: (key: string) => void items.delete(key),
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
    const storage = createStorage();
    const kept = `belfry:cursor:${gateway.url}:alice`;
    storage.setItem(kept, JSON.stringify({ stream: 'default/alice', cursor: gateway.cursor(1) }));
    class BlockedWebSocket extends WebSocket {
      constructor() {
        super(`${gateway.webSocketUrl}/blocked-by-a-proxy`);
      }
    }
    const { client, connected, states, receives } = createClient(gateway, {
      getTicket: () => gateway.ticket(alice),
      WebSocket: BlockedWebSocket as unknown as typeof globalThis.WebSocket,
      storage,
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
    expect(storage.getItem(kept)).toContain(gateway.cursor(4));
  });

  it('resumes each user of a tab in their own stream', async () => {
    const gateway = await start();
    const storage = createStorage();
    const turns = async (name: string, publish: () => void, expected: readonly string[]): Promise<void> => {
      const { client, connected, receives } = createClient(gateway, { storage }, { getToken: () => userToken(name) });
      client.connect();
      await connected();
      publish();
      await receives(expected);
      client.close();
    };
    const publish = (user: typeof alice, ...titles: readonly string[]): void => {
      for (const title of titles) gateway.publish(user, testNotification(title));
    };
    await turns('bob', () => publish(bob, 'b1'), ['b1']);
    await turns('alice', () => publish(alice, 'a1', 'a2', 'a3'), ['a1', 'a2', 'a3']);
    publish(bob, 'b2', 'b3', 'b4');
    await turns('bob', () => undefined, ['b2', 'b3', 'b4']);
  });

  it('says that nothing was recovered when a ticket turns out to be of another user, and starts over with them', async () => {
    const gateway = await start();
    let user = alice;
    const getTicket = () => gateway.ticket(user);
    const { client, cut, connected, states, titles, receives } = createClient(gateway, {}, { getTicket });
    client.connect();
    await connected();
    const both = testNotification('to both');
    gateway.publish(alice, both);
    await receives(['to both']);
    await vi.waitFor(() => expect(gateway.marks.acknowledged).toHaveLength(1), SOON);
    for (const title of ['b1', 'b2']) gateway.publish(bob, testNotification(title));
    user = bob;
    cut();
    const recovered = () => states.flatMap((state) => (state.state === 'connected' ? [state.recovered] : []));
    await vi.waitFor(() => expect(recovered()).toEqual([true, false]), SOON);
    gateway.publish(bob, both);
    // The gateway resumed after the first of Bob's, which Alice's cursor stood for.
    await vi.waitFor(() => expect(titles).toEqual(['to both', 'b2', 'to both']), SOON);
    cut();
    await vi.waitFor(() => expect(recovered()).toEqual([true, false, true]), SOON);
  });

  it('acknowledges over SSE for the user of the stream, so that the API refuses a token that has become another one', async () => {
    const gateway = await start();
    const acks: unknown[] = [];
    const send: typeof fetch = async (_input, init) => {
      acks.push(JSON.parse(String(init?.body)));
      return Response.json({ acknowledged: 1 });
    };
    const { client, connected } = createClient(
      gateway,
      { transport: 'sse', fetch: send },
      { getToken: () => userToken('alice'), getTicket: () => gateway.ticket(alice) },
    );
    client.connect();
    await connected();
    const notification = testNotification('one');
    gateway.publish(alice, notification);
    await vi.waitFor(() => expect(acks).toEqual([{ ids: [notification.id], user: 'alice' }]), SOON);
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
