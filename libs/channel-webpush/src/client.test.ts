import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { certificateAuthorityPem, createProviderSimulator, type ProviderSimulator } from '@belfry/provider-simulator';
import { createRealClock } from '@belfry/testing/real-clock';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createPushClient, DEFAULT_TIMEOUTS, type PushRequest, type PushTimeouts } from './client.ts';
import { createVapidHeaders } from './vapid-header.ts';
import { generateVapidKey } from './vapid-keys.ts';

const clock = createRealClock();
const key = generateVapidKey();
const vapidHeader = createVapidHeaders({ subject: 'mailto:ops@example.com', clock });
const never = new AbortController().signal;

/** A TCP relay to the simulator that lets nothing through until told to: a connection that takes its time. */
type Gate = { readonly port: number; waiting(): number; open(): void; close(): void };

async function createGate(target: () => number): Promise<Gate> {
  const held: Socket[] = [];
  const server: Server = createServer((socket) => {
    socket.on('error', () => {});
    socket.pause();
    held.push(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    waiting: () => held.length,
    open() {
      for (const socket of held.splice(0)) {
        const through = connect(target(), '127.0.0.1');
        through.on('error', () => {});
        socket.pipe(through).pipe(socket);
      }
    },
    close() {
      for (const socket of held) socket.destroy();
      server.close();
    },
  };
}

describe('push client', () => {
  let simulator: ProviderSimulator;
  beforeEach(async () => {
    simulator = createProviderSimulator({ clock, webpush: { verify: false } });
    await simulator.start();
  });
  afterEach(() => simulator.stop());

  const open = (timeouts: Partial<PushTimeouts> = {}) =>
    createPushClient({
      clock,
      timeouts: { ...DEFAULT_TIMEOUTS, ...timeouts },
      connectionsPerOrigin: 2,
      ca: certificateAuthorityPem(),
      lookupFor: () => (hostname, _options, callback) =>
        hostname === 'localhost'
          ? callback(null, [{ address: '127.0.0.1', family: 4 }])
          : callback(new Error('none'), '', 0),
    });

  function requestTo(port = Number(new URL(simulator.origin()).port)): PushRequest {
    const url = new URL(simulator.webpush.subscribe(key.publicKey).endpoint);
    url.port = String(port);
    return {
      url,
      exempt: true,
      remainingMs: 60_000,
      headers: { authorization: vapidHeader(key, url.origin), ttl: '60' },
      body: Buffer.alloc(0),
    };
  }

  it('sends nothing, ever, for an attempt that was given up while it waited for a connection', async () => {
    const gate = await createGate(() => Number(new URL(simulator.origin()).port));
    const client = open();
    const stopping = new AbortController();
    const abandoned = client.send(requestTo(gate.port), stopping.signal);
    await vi.waitFor(() => expect(gate.waiting()).toBe(1), { timeout: 5_000, interval: 5 });
    stopping.abort();
    expect(await abandoned).toEqual({ kind: 'failure', cause: 'aborted', code: 'aborted', bytesWritten: false });
    const patient = client.send(requestTo(gate.port), never);
    gate.open();
    expect(await patient).toMatchObject({ kind: 'answer', status: 201 });
    expect(simulator.webpush.recorder.counters().requests).toBe(1);
    await client.close();
    gate.close();
  });

  it('gives up a connection that is not made in time, and says that nothing was written', async () => {
    const gate = await createGate(() => 0);
    for (const timeouts of [{ connectMs: 300 }, { attemptMs: 300 }]) {
      const client = open(timeouts);
      expect(await client.send(requestTo(gate.port), never)).toMatchObject({ kind: 'failure', bytesWritten: false });
      await client.close();
    }
    gate.close();
  });

  it('keeps the status when the rest of the answer is endless or never comes', async () => {
    const client = open();
    const body = 'x'.repeat(200_000);
    simulator.webpush.script.set('*', [{ kind: 'status', status: 410, body }]);
    const answer = await client.send(requestTo(), never);
    expect(answer).toMatchObject({ kind: 'answer', status: 410 });
    expect(answer.kind === 'answer' && answer.body.length).toBeLessThanOrEqual(8_192);
    expect(await client.send(requestTo(), never)).toMatchObject({ status: 201 });
    await client.close();
  });

  it('holds 64 pools, and one that makes room finishes what it has', async () => {
    const client = open();
    const first = requestTo();
    first.url.hostname = 'localhost';
    simulator.webpush.script.set('*', [{ kind: 'slow', delayMs: 500, next: { kind: 'accept' } }]);
    const slow = client.send(first, never);
    await vi.waitFor(() => expect(simulator.webpush.recorder.counters().requests).toBe(1), {
      timeout: 5_000,
      interval: 5,
    });
    for (let index = 0; index < 64; index += 1) {
      const elsewhere = { ...first, url: new URL(`https://p${index}.test/wp/x`) };
      expect(await client.send(elsewhere, never)).toMatchObject({ kind: 'failure', bytesWritten: false });
    }
    expect(await slow).toMatchObject({ kind: 'answer', status: 201 });
    expect(await client.send(first, never)).toMatchObject({ kind: 'answer', status: 201 });
    expect(simulator.connectionsOpened()).toBe(2);
    await client.close();
  });

  it("ends at the message's own deadline when that comes first", async () => {
    const client = open();
    simulator.webpush.script.set('*', [{ kind: 'hang' }]);
    const result = await client.send({ ...requestTo(), remainingMs: 300 }, never);
    expect(result).toEqual({ kind: 'failure', cause: 'timeout', code: 'timeout', bytesWritten: true });
    await client.close();
  });

  it('trusts the given authority for exempt origins only', async () => {
    const client = open();
    const request = requestTo();
    expect(await client.send({ ...request, exempt: false }, never)).toMatchObject({
      kind: 'failure',
      bytesWritten: false,
    });
    expect(simulator.webpush.recorder.counters().requests).toBe(0);
    await client.close();
  });

  it('says nothing was written once it is closed, and breaks what is under way', async () => {
    const client = open();
    simulator.webpush.script.set('*', [{ kind: 'hang' }]);
    const hanging = client.send(requestTo(), never);
    await vi.waitFor(() => expect(simulator.webpush.recorder.counters().dropped).toBe(1), {
      timeout: 5_000,
      interval: 5,
    });
    await client.close();
    expect(await hanging).toMatchObject({ kind: 'failure', bytesWritten: true });
    expect(await client.send(requestTo(), never)).toMatchObject({ kind: 'failure', bytesWritten: false });
  });
});
