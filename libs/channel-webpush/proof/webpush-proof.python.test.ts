import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { PushDelivery } from '@belfry/core/channel';
import type { Notification } from '@belfry/core/notification';
import {
  certificateAuthorityPem,
  createSimulatorHost,
  createWebPushService,
  type Exchange,
  type SimulatorHost,
} from '@belfry/provider-simulator';
import { describeNeeding, findPython } from '@belfry/testing/need';
import { createRealClock } from '@belfry/testing/real-clock';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createWebPushChannel, generateVapidKey } from '../src/index.ts';

const script = fileURLToPath(new URL('push_receiver.py', import.meta.url));

type Subscription = { readonly p256dh: string; readonly auth: string; readonly private: string };
type Opened = {
  readonly plaintext: string;
  readonly claims: { readonly aud: string; readonly exp: number; readonly sub: string };
  readonly key: string;
};

const found = findPython(['http_ece', 'jwt', 'cryptography']);
describeNeeding('python', found, 'a message of the channel, read by Python', (python) => {
  const clock = createRealClock();
  const keys = [generateVapidKey(), generateVapidKey()] as const;
  const run = (command: 'subscribe' | 'open', input: unknown = {}): unknown => {
    const done = spawnSync(python, [script, command], { input: JSON.stringify(input), encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`${command} failed: ${done.stderr}`);
    return JSON.parse(done.stdout);
  };
  const captured: Exchange[] = [];
  /** The first message with the subscription that opens it. */
  let received: { subscription: Subscription; request: object } | undefined;
  let host: SimulatorHost;
  beforeAll(async () => {
    // Only the socket is the simulator's: every request is kept as it came, and nothing of ours judges it.
    const provider = createWebPushService({ clock, origin: () => host.origin() });
    host = createSimulatorHost({
      providers: [
        {
          ...provider,
          serves: () => true,
          serve(exchange) {
            captured.push(exchange);
            exchange.answer({ status: 201 });
          },
        },
      ],
    });
    await host.start();
  });
  afterAll(() => host.stop());

  it.each([
    { what: 'few words', title: 'Bell', body: 'rings', key: keys[0] },
    { what: 'every script', title: 'Größe 鐘 🔔', body: '\u0000 "quotes" \\ – שלום', key: keys[1] },
    { what: 'as much as fits', title: 'Long', body: 'ö'.repeat(8_000), key: keys[0] },
  ])('$what', async ({ title, body, key }) => {
    const subscription = run('subscribe') as Subscription;
    const channel = createWebPushChannel({
      vapidKeys: keys,
      subject: 'mailto:ops@example.com',
      allowedHosts: [host.origin().slice('https://'.length)],
      ca: certificateAuthorityPem(),
      clock,
    });
    const address = {
      endpoint: `${host.origin()}/raw/1`,
      p256dh: subscription.p256dh,
      auth: subscription.auth,
      keyId: key.id,
    };
    const { outcome } = await channel.deliver(deliveryTo(address, { title, body }), new AbortController().signal);
    await channel.close();
    expect(outcome).toEqual({ kind: 'delivered', code: '201' });

    const exchange = captured.at(-1);
    const request = {
      origin: host.origin(),
      headers: exchange?.headers,
      body: exchange?.body.toString('base64url'),
    };
    received ??= { subscription, request };
    const opened = run('open', { subscription, request }) as Opened;
    const payload = JSON.parse(opened.plaintext) as { title: string; body: string };
    expect(payload.title).toBe(title);
    expect(body.startsWith(payload.body.replace(/…$/, ''))).toBe(true);
    expect(payload.body.endsWith('…')).toBe(body.length > 4_000);
    expect(opened.key).toBe(key.publicKey);
    expect(opened.claims).toMatchObject({ aud: host.origin(), sub: 'mailto:ops@example.com' });
    expect(opened.claims.exp - clock.nowMs() / 1000).toBeLessThanOrEqual(12 * 3600);
  });

  it('is refused by the same Python when the key, the origin or one byte is another', () => {
    const subscription = run('subscribe') as Subscription;
    const { headers, body } = captured[0] ?? { headers: {}, body: Buffer.alloc(0) };
    const request = { origin: host.origin(), headers, body: body.toString('base64url') };
    expect(() => run('open', { subscription, request })).toThrow(/InvalidTag|ECEException/);
    expect(received).toMatchObject({ request });
    expect(() => run('open', { ...received, request: { ...request, origin: 'https://example.com' } })).toThrow(
      /Audience/,
    );
    const token = { ...headers, authorization: headers.authorization?.replace('t=ey', 't=eY') };
    expect(() => run('open', { ...received, request: { ...request, headers: token } })).toThrow(/jwt/);
  });
});

function deliveryTo(
  address: Extract<PushDelivery['device'], { channel: 'webpush' }>['address'],
  content: Pick<Notification, 'title'> & { readonly body: string },
): PushDelivery {
  const times = { acceptedAtMs: 0, expiresAtMs: 60_000 };
  const audience = { kind: 'users', users: ['alice'] } as const;
  return {
    deliveryId: 'd1',
    recipient: 'alice',
    attempt: 1,
    remainingMs: 60_000,
    notification: { tenant: 'default', id: 'n1', audience, type: 't', priority: 'high', ...content, ...times },
    device: { tenant: 'default', id: 'd', user: 'alice', createdAtMs: 0, version: 1, channel: 'webpush', address },
  };
}
