import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { alice, bob, SOON, testNotification, userToken } from './gateway.fixture.ts';
import { openLiveClient } from './live-client.fixture.ts';
import { useGateways } from './use-gateways.fixture.ts';

const start = useGateways();
const bearer = (user: string) => ({ headers: { authorization: `Bearer ${userToken(user)}` } });

describe('a client that does not read', () => {
  it('is closed for what waits for it, while others get everything, and resumes', async () => {
    const gateway = await start({ closeTimeoutMs: 30_000 });
    const slow = openLiveClient(gateway.webSocketUrl, bearer('alice'));
    const quick = openLiveClient(gateway.webSocketUrl, bearer('alice'));
    const other = openLiveClient(gateway.webSocketUrl, bearer('bob'));
    await Promise.all([slow.hello(), quick.hello(), other.hello()]);
    slow.webSocket.pause();
    const titles: string[] = [];
    const closedAsSlow = async (): Promise<boolean> => {
      const metric = await gateway.metrics.connectionsClosed.get();
      return metric.values.some((value) => value.labels.code === '4008');
    };
    while (!(await closedAsSlow())) {
      for (let count = 0; count < 20; count++) {
        const title = `n${titles.length}`;
        titles.push(title);
        gateway.publish(alice, testNotification(title, { body: 'x'.repeat(15_000) }));
      }
      await quick.receives(titles);
    }
    gateway.publish(bob, testNotification('for bob'));
    await other.receives(['for bob']);
    slow.webSocket.resume();
    expect(await slow.closedWith()).toEqual({ code: 4008, reason: 'slow-consumer' });
    const seen = slow.titles();
    expect(seen.length).toBeLessThan(titles.length);
    const again = openLiveClient(`${gateway.webSocketUrl}?cursor=${slow.cursors().at(-1)}`, bearer('alice'));
    await again.receives(titles.slice(seen.length));
  }, 60_000);

  it('is closed when nothing has drained for too long, however little waits', async () => {
    const gateway = await start({ stallMs: 300, closeTimeoutMs: 100, queueBytes: 64 * 1_048_576 });
    const slow = openLiveClient(gateway.webSocketUrl, bearer('alice'));
    await slow.hello();
    slow.webSocket.pause();
    const body = 'x'.repeat(15_000);
    await vi.waitFor(async () => {
      for (let count = 0; count < 50; count++) gateway.publish(alice, testNotification('more', { body }));
      const metric = await gateway.metrics.connectionsClosed.get();
      expect(metric.values.map((value) => value.labels.code)).toContain('4008');
    }, SOON);
  }, 60_000);

  it('does not answer a ping and is closed', async () => {
    const gateway = await start({ heartbeatMs: 100, pongDeadlineMs: 150 });
    const mute = openLiveClient(gateway.webSocketUrl, { ...bearer('alice'), autoPong: false });
    const well = openLiveClient(gateway.webSocketUrl, bearer('bob'));
    await Promise.all([mute.hello(), well.hello()]);
    expect(await mute.closedWith()).toEqual({ code: 4001, reason: 'heartbeat-timeout' });
    expect(well.webSocket.readyState).toBe(well.webSocket.OPEN);
  });
});

describe('a client that sends', () => {
  it('too large a frame is closed with 1009', async () => {
    const gateway = await start();
    const client = openLiveClient(gateway.webSocketUrl, bearer('alice'));
    await client.hello();
    client.send({ type: 'ack', ids: ['x'.repeat(65_600)] });
    expect(await client.closedWith()).toMatchObject({ code: 1009 });
  });

  it('too many fragments is closed', async () => {
    const gateway = await start();
    const client = openLiveClient(gateway.webSocketUrl, bearer('alice'));
    await client.hello();
    for (let count = 0; count < 100; count++) client.webSocket.send('x', { fin: false });
    expect(await client.closedWith()).toMatchObject({ code: 1008 });
  });

  it.each([
    ['no JSON', '{"type":', 'The frame is not JSON.'],
    ['an unknown type', { type: 'shout' }, '/type: Invalid'],
    ['an ack without ids', { type: 'ack', ids: [] }, '/ids: Too small'],
    ['a second authenticate', { type: 'authenticate', token: 'x' }, 'The connection is authenticated already.'],
  ])('%s is told what is wrong and closed with 4503', async (_what, frame, detail) => {
    const gateway = await start();
    const client = openLiveClient(gateway.webSocketUrl, bearer('alice'));
    await client.hello();
    client.send(frame);
    expect(await client.closedWith()).toEqual({ code: 4503, reason: 'bad-frame' });
    expect(client.frames.at(-1)).toMatchObject({ type: 'error', code: 'bad_frame' });
    expect(JSON.stringify(client.frames.at(-1))).toContain(detail);
  });

  it('binary is closed with 4503', async () => {
    const gateway = await start();
    const client = openLiveClient(gateway.webSocketUrl, bearer('alice'));
    await client.hello();
    client.webSocket.send(Buffer.from('{"type":"ping"}'));
    expect(await client.closedWith()).toMatchObject({ code: 4503 });
  });

  it.each(['frames', 'pings'])('a flood of %s is closed with 4029', async (kind) => {
    const gateway = await start({ inboundBurst: 10 });
    const client = openLiveClient(gateway.webSocketUrl, bearer('alice'));
    await client.hello();
    for (let count = 0; count < 12; count++) {
      if (kind === 'frames') client.send({ type: 'ping' });
      else client.webSocket.ping();
    }
    expect(await client.closedWith()).toEqual({ code: 4029, reason: 'rate-limited' });
  });

  it('half a handshake and goes away leaves nothing behind', async () => {
    const gateway = await start();
    const { hostname, port } = new URL(gateway.url);
    for (let count = 0; count < 5; count++) {
      const socket = connect(Number(port), hostname);
      await once(socket, 'connect');
      socket.write(
        `GET /v1/realtime HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nAuthorization: Bearer ${userToken('alice')}\r\n\r\n`,
      );
      await once(socket, 'data');
      socket.resetAndDestroy();
    }
    const client = openLiveClient(gateway.webSocketUrl, bearer('alice'));
    await client.hello();
    const metric = await gateway.metrics.connections.get();
    expect(metric.values.map((value) => value.value)).toEqual([1]);
  });
});

describe('a drain', () => {
  it('says goodbye to everyone over the window, closes with 1012 and takes no new ones', async () => {
    const gateway = await start({ drainWindowMs: 300, reconnectSpreadMs: 5_000 });
    const clients = Array.from({ length: 9 }, (_, index) =>
      openLiveClient(gateway.webSocketUrl, bearer(`user-${index}`)),
    );
    await Promise.all(clients.map((client) => client.hello()));
    const drained = gateway.service.drain?.(new AbortController().signal);
    expect(gateway.service.unready?.()).toBe('draining');
    expect(await openLiveClient(gateway.webSocketUrl, bearer('late')).refusedWith()).toBe(503);
    await drained;
    const waits = new Set<number>();
    for (const client of clients) {
      expect(await client.closedWith()).toEqual({ code: 1012, reason: 'restart' });
      const goodbye = client.frames.at(-1);
      if (goodbye?.type !== 'goodbye') throw new Error('the last frame is not goodbye');
      expect(goodbye.reconnectAfterMs).toBeGreaterThanOrEqual(200);
      expect(goodbye.reconnectAfterMs).toBeLessThan(5_200);
      waits.add(goodbye.reconnectAfterMs);
    }
    expect(waits.size).toBeGreaterThan(1);
  });

  it('closes the rest at once when its deadline passes', async () => {
    const gateway = await start({ drainWindowMs: 600_000 });
    const clients = Array.from({ length: 3 }, (_, index) =>
      openLiveClient(gateway.webSocketUrl, bearer(`user-${index}`)),
    );
    await Promise.all(clients.map((client) => client.hello()));
    const deadline = new AbortController();
    const drained = gateway.service.drain?.(deadline.signal);
    deadline.abort();
    await drained;
    for (const client of clients) expect((await client.closedWith()).code).toBe(1012);
  });
});
