import { createHook } from 'node:async_hooks';
import type { PushDelivery } from '@belfry/core/channel';
import { createRealClock } from '@belfry/testing/real-clock';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { HOSTILE_ADDRESSES, HOSTILE_ENDPOINTS } from './hostile-endpoints.fixture.ts';
import { generateVapidKey } from './vapid-keys.ts';
import { createWebPushChannel } from './webpush-channel.ts';

/** Every TCP connect that this process asks the system for, whoever asks: what a guard lets through shows here. */
let connects = 0;
const hook = createHook({
  init(_id, type) {
    if (type === 'TCPCONNECTWRAP') connects += 1;
  },
});
beforeAll(() => void hook.enable());
afterAll(() => void hook.disable());

const key = generateVapidKey();
const keys = { p256dh: generateVapidKey().publicKey, auth: 'BTBZMqHH6r4Tts7J_aSIgg' };
const never = new AbortController().signal;

function open(resolve: (hostname: string) => Promise<readonly string[]>, allowedHosts: readonly string[] = []) {
  const options = {
    vapidKeys: [key],
    subject: 'mailto:ops@example.com',
    clock: createRealClock(),
    resolve,
    allowedHosts,
  };
  const channel = createWebPushChannel({ ...options, timeouts: { connectMs: 2_000, attemptMs: 4_000 } });
  return {
    save: (endpoint: string) => channel.validateDevice({ endpoint, keys }),
    send: async (endpoint: string) => (await channel.deliver(deliveryTo(endpoint), never)).outcome,
    close: () => channel.close(),
  };
}

function deliveryTo(endpoint: string): PushDelivery {
  const address = { endpoint, ...keys, keyId: key.id };
  const audience = { kind: 'users', users: ['alice'] } as const;
  const times = { acceptedAtMs: 0, expiresAtMs: 60_000 };
  return {
    deliveryId: 'd1',
    recipient: 'alice',
    attempt: 1,
    remainingMs: 60_000,
    notification: { tenant: 'default', id: 'n1', audience, type: 't', title: 'T', priority: 'normal', ...times },
    device: { tenant: 'default', id: 'd', user: 'alice', createdAtMs: 0, version: 1, channel: 'webpush', address },
  };
}

const FCM = 'https://fcm.googleapis.com/fcm/send/abc';

describe('endpoints that are refused, on save and on send', () => {
  let asked = 0;
  const channel = open(async () => {
    asked += 1;
    return ['93.184.216.34'];
  });
  afterAll(() => channel.close());
  afterEach(() => expect([connects, asked]).toEqual([0, 0]));

  it(`holds more than 300 cases, none twice`, () => {
    expect(HOSTILE_ENDPOINTS.length + HOSTILE_ADDRESSES.length).toBeGreaterThan(400);
    expect(new Set(HOSTILE_ENDPOINTS).size).toBe(HOSTILE_ENDPOINTS.length);
    expect(new Set(HOSTILE_ADDRESSES).size).toBe(HOSTILE_ADDRESSES.length);
  });

  it.each(HOSTILE_ENDPOINTS.map((endpoint) => ({ name: JSON.stringify(endpoint).slice(0, 90), endpoint })))(
    '$name',
    async ({ endpoint }) => {
      expect(await channel.save(endpoint)).toEqual({
        ok: false,
        field: '/endpoint',
        detail: expect.stringMatching(/^must /),
      });
      expect(await channel.send(endpoint)).toEqual({ kind: 'rejected', code: 'refused', reason: 'endpoint-refused' });
    },
  );
});

describe('a push host that resolves to an address that is not public', () => {
  let answer: readonly string[] = [];
  const hijacked = open(async () => answer);
  afterAll(() => hijacked.close());
  afterEach(() => expect(connects).toBe(0));

  it.each(HOSTILE_ADDRESSES.map((address) => ({ name: address || 'empty', address })))('$name', async ({ address }) => {
    for (answer of [[address], ['93.184.216.34', address], [address, '2a00:1450:4001:80b::200a']]) {
      expect(await hijacked.save(FCM)).toMatchObject({ ok: false, field: '/endpoint' });
      expect(await hijacked.send(FCM)).toEqual({ kind: 'retry', code: 'ADDRESS_REFUSED', reason: 'address-refused' });
    }
  });

  it('was public on save and is private on send: rebinding', async () => {
    const answers = [['93.184.216.34'], ['127.0.0.1'], ['::ffff:169.254.169.254'], ['10.0.0.1', '93.184.216.34']];
    const channel = open(async () => answers.shift() ?? ['127.0.0.1']);
    expect(await channel.save(FCM)).toMatchObject({ ok: true });
    for (let send = 0; send < 4; send += 1) {
      expect(await channel.send(FCM)).toMatchObject({ kind: 'retry', reason: 'address-refused' });
    }
    await channel.close();
  });

  it('does not resolve: saved, since it leads nowhere, and not sent', async () => {
    const channel = open(async () => Promise.reject(Object.assign(new Error('nothing'), { code: 'ENOTFOUND' })));
    expect(await channel.save(FCM)).toMatchObject({ ok: true });
    expect(await channel.send(FCM)).toEqual({ kind: 'retry', code: 'ENOTFOUND', reason: 'dns-failed' });
    await channel.close();
  });
});

describe('endpoints that are taken', () => {
  const real = [
    'https://fcm.googleapis.com/fcm/send/dpH5lCsTSSM:APA91bHqjZxM0VImWWqDRN7U0a3AycjUf4O',
    'https://fcm.googleapis.com/wp/dpH5lCsTSSM:APA91bHqjZxM0VImWWqDRN7U0a3AycjUf4O',
    'https://jmt17.google.com/fcm/send/abc',
    'https://updates.push.services.mozilla.com/wpush/v2/gAAAAABnXyZ_-a',
    'https://autopush.stage.push.services.mozilla.com/wpush/v1/abc',
    'https://web.push.apple.com/QGuQyavXutnMH-d',
    'https://api.push.apple.com/3/device/abc',
    'https://wns2-par02p.notify.windows.com/w/?token=BQYAAACd%2fs8wA%3d%3d',
  ];
  it.each(real)('%s', async (endpoint) => {
    const channel = open(async () => ['142.250.184.234', '2a00:1450:4001:80b::200a']);
    expect(await channel.save(endpoint)).toMatchObject({ ok: true });
    await channel.close();
  });

  it('an allowed host connects wherever it is, and only with its own port', async () => {
    const channel = open(async () => ['127.0.0.1'], ['simulator.test:1', '[::1]:1']);
    expect(await channel.save('https://simulator.test:1/wp/x')).toMatchObject({ ok: true });
    expect(await channel.save('https://simulator.test:2/wp/x')).toMatchObject({ ok: false });
    expect(await channel.save('https://simulator.test/wp/x')).toMatchObject({ ok: false });
    expect(await channel.save('https://[::1]:1/wp/x')).toMatchObject({ ok: true });
    const before = connects;
    expect(await channel.send('https://simulator.test:1/wp/x')).toMatchObject({
      kind: 'retry',
      reason: 'connect-failed',
    });
    expect(connects).toBe(before + 1);
    await channel.close();
  });
});
