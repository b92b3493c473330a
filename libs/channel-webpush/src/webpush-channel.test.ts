import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:net';
import type { PushChannelAdapter, PushDelivery } from '@belfry/core/channel';
import type { Device } from '@belfry/core/device';
import type { Notification } from '@belfry/core/notification';
import {
  certificateAuthorityPem,
  createProviderSimulator,
  type ProviderSimulator,
  type ScriptStep,
} from '@belfry/provider-simulator';
import { createRealClock } from '@belfry/testing/real-clock';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { generateVapidKey } from './vapid-keys.ts';
import { createWebPushChannel, type WebPushChannelOptions } from './webpush-channel.ts';

const clock = createRealClock();
const key = generateVapidKey();
const olderKey = generateVapidKey();
const never = new AbortController().signal;

/** One simulator per protocol for the whole file; each test has a channel and a device of its own. */
describe.each([
  { name: 'HTTP/2', protocols: ['h2', 'http/1.1'] as const, version: '2.0' },
  { name: 'HTTP/1.1', protocols: ['http/1.1'] as const, version: '1.1' },
])('web push channel over $name', ({ protocols, version }) => {
  let simulator: ProviderSimulator;
  let channel: PushChannelAdapter;
  beforeAll(async () => {
    simulator = createProviderSimulator({ clock, protocols });
    await simulator.start();
  });
  afterAll(() => simulator.stop());
  beforeEach(() => {
    channel = open();
  });
  afterEach(() => channel.close());

  function open(options: Partial<WebPushChannelOptions> = {}): PushChannelAdapter {
    return createWebPushChannel({
      vapidKeys: [key, olderKey],
      subject: 'mailto:ops@example.com',
      allowedHosts: [simulator.origin().slice('https://'.length)],
      ca: certificateAuthorityPem(),
      clock,
      ...options,
    });
  }

  async function subscribe(applicationServerKey = key.publicKey, keyId = key.id): Promise<Device> {
    const subscription = simulator.webpush.subscribe(applicationServerKey);
    const valid = await channel.validateDevice({ ...subscription, keyId });
    if (!valid.ok) throw new Error(`${valid.field} ${valid.detail}`);
    return { tenant: 'default', id: 'd1', user: 'alice', createdAtMs: 0, version: 1, ...valid.address };
  }

  const received = (device: Device) =>
    simulator.webpush.recorder.received(simulator.webpush.targetOf(endpointOf(device)));
  const script = (device: Device, ...steps: ScriptStep[]) =>
    simulator.webpush.script.set(simulator.webpush.targetOf(endpointOf(device)), steps);

  it('delivers: encrypted, signed, with TTL, Urgency and Topic', async () => {
    const device = await subscribe();
    const sent = { ...delivery(device, { priority: 'high' }), remainingMs: 61_999 };
    const result = await channel.deliver(sent, never);
    expect(result).toEqual({ outcome: { kind: 'delivered', code: '201' }, host: new URL(simulator.origin()).host });
    const [message] = received(device);
    expect(message).toMatchObject({ ttlSeconds: 61, urgency: 'high', httpVersion: version });
    expect(message?.topic).toMatch(/^[A-Za-z0-9_-]{32}$/);
    expect(JSON.parse(message?.payload ?? '')).toEqual({
      id: 'n1',
      deliveryId: 'delivery-1',
      type: 'invoice.ready',
      title: 'Invoice',
      body: 'Ready: 12 €',
      url: '/invoices/7',
      tag: 'n1',
    });
  });

  it('signs with the key that the subscription was made with', async () => {
    const device = await subscribe(olderKey.publicKey, olderKey.id);
    expect((await channel.deliver(delivery(device), never)).outcome.kind).toBe('delivered');
    const mixed = await subscribe(olderKey.publicKey, key.id);
    expect((await channel.deliver(delivery(mixed), never)).outcome).toEqual({
      kind: 'rejected',
      code: '403',
      reason: 'vapid-refused',
      fault: 'perhaps-setup',
    });
  });

  it('gives a repeat the same topic, and a collapse key one of its own', async () => {
    const device = await subscribe();
    await channel.deliver(delivery(device), never);
    await channel.deliver({ ...delivery(device), attempt: 2 }, never);
    await channel.deliver({ ...delivery(device), deliveryId: 'delivery-2' }, never);
    await channel.deliver(delivery(device, { collapseKey: 'build 7' }), never);
    await channel.deliver({ ...delivery(device, { collapseKey: 'build 7' }), deliveryId: 'delivery-3' }, never);
    const [first, repeat, other, collapsed, newer] = received(device).map(({ topic }) => topic);
    expect(repeat).toBe(first);
    expect(other).not.toBe(first);
    expect(newer).toBe(collapsed);
    expect(new Set([first, other, collapsed]).size).toBe(3);
  });

  const later = new Date(Date.now() + 3_600_000).toUTCString();
  const answers: readonly (readonly [string, ScriptStep, object])[] = [
    ['200', { kind: 'status', status: 200 }, { kind: 'delivered', code: '200' }],
    ['202', { kind: 'status', status: 202 }, { kind: 'delivered', code: '202' }],
    ['204', { kind: 'status', status: 204 }, { kind: 'delivered', code: '204' }],
    ['400', { kind: 'status', status: 400 }, { kind: 'rejected', code: '400', reason: 'bad-request' }],
    [
      "Apple's key mismatch",
      { kind: 'status', status: 400, body: { reason: 'VapidPkHashMismatch' } },
      { kind: 'gone', code: '400', reason: 'vapid-key-mismatch' },
    ],
    ['401', { kind: 'status', status: 401 }, { kind: 'rejected', code: '401', reason: 'vapid-refused' }],
    ['403', { kind: 'status', status: 403 }, { kind: 'rejected', code: '403', reason: 'vapid-refused' }],
    ['404', { kind: 'status', status: 404 }, { kind: 'gone', code: '404', reason: 'subscription-gone' }],
    ['406', { kind: 'status', status: 406 }, { kind: 'retry', code: '406', reason: 'throttled' }],
    ['410', { kind: 'status', status: 410 }, { kind: 'gone', code: '410', reason: 'subscription-gone' }],
    ['413', { kind: 'status', status: 413 }, { kind: 'rejected', code: '413', reason: 'payload-too-large' }],
    ['429', { kind: 'status', status: 429 }, { kind: 'retry', code: '429', reason: 'throttled' }],
    [
      '429 with seconds',
      { kind: 'status', status: 429, retryAfter: 120 },
      { kind: 'retry', code: '429', reason: 'throttled', afterMs: 120_000 },
    ],
    [
      '429 with a date',
      { kind: 'status', status: 429, retryAfter: later },
      { kind: 'retry', code: '429', reason: 'throttled', afterMs: expect.closeTo(3_600_000, -5) },
    ],
    [
      '503 with seconds',
      { kind: 'status', status: 503, retryAfter: 5 },
      { kind: 'retry', code: '503', reason: 'provider-error', afterMs: 5_000 },
    ],
    ['500', { kind: 'status', status: 500 }, { kind: 'retry', code: '500', reason: 'provider-error' }],
    [
      'an answer that is slow',
      { kind: 'slow', delayMs: 300, next: { kind: 'accept' } },
      { kind: 'delivered', code: '201' },
    ],
    ['GOAWAY after the answer', { kind: 'goaway', accepted: true }, { kind: 'delivered', code: '201' }],
    ['a reset before the message is taken', { kind: 'reset-before' }, { kind: 'unknown', reason: 'connection-lost' }],
    ['a reset after the message is taken', { kind: 'reset-after' }, { kind: 'unknown', reason: 'connection-lost' }],
    ['an end without an answer', { kind: 'half-close' }, { kind: 'unknown', reason: 'connection-lost' }],
  ];
  it.each(answers)('takes %s for what it means, and the next send works', async (_what, step, outcome) => {
    const device = await subscribe();
    script(device, step);
    const result = await channel.deliver(delivery(device), never);
    expect(result.outcome).toMatchObject(outcome);
    expect('afterMs' in result.outcome).toBe('afterMs' in outcome);
    expect((await channel.deliver(delivery(device), never)).outcome).toEqual({ kind: 'delivered', code: '201' });
  });

  it('sends again only what a GOAWAY says was not processed', async () => {
    const device = await subscribe();
    // HTTP/1.1 has no word for it: the connection just closes.
    const expected = version === '2.0' ? 'delivered' : 'unknown';
    for (const requestsBefore of [0, 1]) {
      if (requestsBefore > 0) await channel.deliver(delivery(device), never);
      script(device, { kind: 'goaway', accepted: false });
      const before = received(device).length;
      expect((await channel.deliver(delivery(device), never)).outcome.kind).toBe(expected);
      expect(received(device).length - before).toBe(version === '2.0' ? 1 : 0);
    }
    script(device, { kind: 'goaway', accepted: false, times: 3 });
    expect((await channel.deliver(delivery(device), never)).outcome.kind).toBe('unknown');
  });

  it('is gone when the simulated browser gave the subscription up', async () => {
    const device = await subscribe();
    simulator.webpush.removeTarget(simulator.webpush.targetOf(endpointOf(device)));
    expect((await channel.deliver(delivery(device), never)).outcome).toMatchObject({ kind: 'gone', code: '410' });
  });

  it('does not follow a redirect', async () => {
    const trap = await listen();
    const device = await subscribe();
    for (const status of [301, 302, 303, 307, 308]) {
      script(device, { kind: 'status', status, headers: { location: `https://127.0.0.1:${trap.port}/` } });
      expect((await channel.deliver(delivery(device), never)).outcome).toEqual({
        kind: 'rejected',
        code: String(status),
        reason: 'redirect-refused',
      });
    }
    expect(trap.connections()).toBe(0);
    trap.server.close();
  });

  it('calls a hang unknown at the deadline, the response timeout coming first or the whole attempt', async () => {
    const device = await subscribe();
    for (const timeouts of [{ attemptMs: 700 }, { responseMs: 500, attemptMs: 20_000 }]) {
      const impatient = open({ timeouts });
      script(device, { kind: 'hang' });
      expect((await impatient.deliver(delivery(device), never)).outcome).toMatchObject({
        kind: 'unknown',
        reason: 'timeout',
      });
      expect((await impatient.deliver(delivery(device), never)).outcome.kind).toBe('delivered');
      await impatient.close();
    }
  });

  it('calls an abort unknown once the request was written, and retry before', async () => {
    const device = await subscribe();
    expect((await channel.deliver(delivery(device), AbortSignal.abort())).outcome.kind).toBe('retry');
    script(device, { kind: 'hang' });
    const stopping = new AbortController();
    const under = channel.deliver(delivery(device), stopping.signal);
    const unhook = simulator.webpush.recorder.listen(() => stopping.abort());
    expect((await under).outcome).toMatchObject({ kind: 'unknown', reason: 'aborted' });
    unhook();
  });

  it('is expired with less than a second left, and then nothing is sent', async () => {
    const device = await subscribe();
    const before = simulator.webpush.recorder.counters().requests;
    const result = await channel.deliver({ ...delivery(device), remainingMs: 999 }, never);
    expect(result.outcome).toMatchObject({ kind: 'expired' });
    expect(simulator.webpush.recorder.counters().requests).toBe(before);
  });

  it('reuses connections: 1,000 sends, 50 at a time, over no more than the cap', async () => {
    const device = await subscribe();
    const before = simulator.connectionsOpened();
    const cap = 4;
    const pooled = open({ connectionsPerOrigin: cap });
    let left = 1_000;
    const lane = async () => {
      while (left > 0) {
        left -= 1;
        expect((await pooled.deliver(delivery(device), never)).outcome.kind).toBe('delivered');
      }
    };
    await Promise.all(Array.from({ length: 50 }, lane));
    expect(received(device)).toHaveLength(1_000);
    expect(simulator.connectionsOpened() - before).toBeLessThanOrEqual(version === '2.0' ? 1 : cap);
    await pooled.close();
  }, 30_000);
});

function endpointOf(device: Device): string {
  return device.channel === 'webpush' ? device.address.endpoint : '';
}

function delivery(device: Device, changes: Partial<Notification> = {}): PushDelivery {
  return {
    deliveryId: 'delivery-1',
    recipient: 'alice',
    device,
    attempt: 1,
    remainingMs: 3_600_000,
    notification: {
      tenant: 'default',
      id: 'n1',
      audience: { kind: 'users', users: ['alice'] },
      type: 'invoice.ready',
      title: 'Invoice',
      body: 'Ready: 12 €',
      url: '/invoices/7',
      priority: 'normal',
      acceptedAtMs: 0,
      expiresAtMs: 3_600_000,
      ...changes,
    },
  };
}

async function listen(): Promise<{ server: Server; port: number; connections(): number }> {
  let count = 0;
  const server = createServer((socket) => {
    count += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.address() as AddressInfo).port, connections: () => count };
}
