import { createRealClock } from '@belfry/testing/real-clock';
import { Agent, request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import webpush from 'web-push';
import { certificateAuthorityPem } from '../certificates.ts';
import { createProviderSimulator, type ProviderSimulator } from '../provider-simulator.ts';
import type { SubscriptionJson } from './subscription.ts';

const clock = createRealClock();
const vapid = { ...webpush.generateVAPIDKeys(), subject: 'mailto:ops@example.com' };

let simulator: ProviderSimulator;
let agent: Agent;
let subscription: SubscriptionJson;
beforeAll(async () => {
  simulator = createProviderSimulator({ clock });
  await simulator.start();
  agent = new Agent({ connect: { ca: certificateAuthorityPem() } });
  subscription = simulator.webpush.subscribe(vapid.publicKey);
});
afterAll(async () => {
  await agent.destroy();
  await simulator.stop();
});

type Changes = {
  readonly method?: 'GET' | 'POST';
  readonly endpoint?: string;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: Buffer;
};

async function push(changes: Changes = {}, payload = 'hello') {
  const details = webpush.generateRequestDetails(subscription, payload, { vapidDetails: vapid, TTL: 60 });
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries({ ...details.headers, ...changes.headers })) {
    if (value !== undefined) headers[name] = String(value);
  }
  if (changes.body) headers['Content-Length'] = String(changes.body.length);
  const answer = await request(changes.endpoint ?? subscription.endpoint, {
    dispatcher: agent,
    method: changes.method ?? 'POST',
    headers,
    body: changes.method === 'GET' ? null : (changes.body ?? details.body),
  });
  return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() };
}

function authorization(aud: string, sub = vapid.subject, keys = vapid): string {
  return webpush.getVapidHeaders(aud, sub, keys.publicKey, keys.privateKey, 'aes128gcm').Authorization;
}

describe('web push service', () => {
  it('accepts what a correct sender makes and opens it', async () => {
    const answer = await push({ headers: { Urgency: 'high', Topic: 'invoices' } }, '{"title":"Größe"}');
    expect(answer.status).toBe(201);
    expect(answer.headers).toMatchObject({ ttl: '60', location: expect.stringContaining('/message/m') });
    const target = simulator.webpush.targetOf(subscription.endpoint);
    expect(simulator.webpush.recorder.received(target).at(-1)).toMatchObject({
      payload: '{"title":"Größe"}',
      urgency: 'high',
      topic: 'invoices',
      ttlSeconds: 60,
    });
  });

  it('tells when a message came, besides when it was taken', async () => {
    const tookMs: number[] = [];
    const stop = simulator.webpush.recorder.listen((event) => {
      if (event.kind === 'accepted') tookMs.push(event.atMs - event.arrivedAtMs);
    });
    const target = simulator.webpush.targetOf(subscription.endpoint) ?? '';
    simulator.webpush.script.set(target, [{ kind: 'slow', delayMs: 50, next: { kind: 'accept' } }]);
    await push();
    stop();
    expect(tookMs).toHaveLength(1);
    // Timers may fire a moment early by this clock.
    expect(tookMs[0]).toBeGreaterThan(40);
  });

  const other = { ...webpush.generateVAPIDKeys(), subject: vapid.subject };
  const origin = () => simulator.origin();
  const violations: readonly (readonly [string, () => Changes, number, string])[] = [
    ['another method', () => ({ method: 'GET', headers: { 'Content-Length': undefined } }), 405, 'POST'],
    ['an unknown subscription', () => ({ endpoint: `${origin()}/wp/none` }), 404, 'no such'],
    ['no TTL', () => ({ headers: { TTL: undefined } }), 400, 'TTL'],
    ['a TTL in words', () => ({ headers: { TTL: 'long' } }), 400, 'TTL'],
    ['a negative TTL', () => ({ headers: { TTL: '-1' } }), 400, 'TTL'],
    ['an unknown urgency', () => ({ headers: { Urgency: 'urgent' } }), 400, 'Urgency'],
    ['two urgencies', () => ({ headers: { Urgency: 'low, high' } }), 400, 'Urgency'],
    ['a topic of 33 characters', () => ({ headers: { Topic: 'a'.repeat(33) } }), 400, 'Topic'],
    ['a topic outside base64url', () => ({ headers: { Topic: 'a+b' } }), 400, 'Topic'],
    ['the old content encoding', () => ({ headers: { 'Content-Encoding': 'aesgcm' } }), 400, 'aes128gcm'],
    ['a body of 4097 bytes', () => ({ body: Buffer.alloc(4097) }), 413, '4096'],
    ['a body that was not encrypted', () => ({ body: Buffer.alloc(200, 1) }), 400, 'record size|keyid|record'],
    ['no authorization', () => ({ headers: { Authorization: undefined } }), 401, 'vapid'],
    ['a bearer token', () => ({ headers: { Authorization: 'Bearer x' } }), 401, 'vapid'],
    ['another audience', () => ({ headers: { Authorization: authorization('https://example.com') } }), 401, 'aud'],
    [
      'a subject that is no address',
      () => ({ headers: { Authorization: authorization(origin(), 'mailto:x') } }),
      401,
      'sub',
    ],
    [
      'another key',
      () => ({ headers: { Authorization: authorization(origin(), vapid.subject, other) } }),
      403,
      'correspond',
    ],
    [
      'the right key over a foreign signature',
      () => {
        const foreign = authorization(origin(), vapid.subject, other);
        return { headers: { Authorization: foreign.replace(other.publicKey, vapid.publicKey) } };
      },
      401,
      'signature',
    ],
  ];
  it.each(violations)('refuses %s', async (_what, changes, status, reason) => {
    const before = simulator.webpush.recorder.counters().accepted;
    const answer = await push(changes());
    expect([answer.status, JSON.parse(answer.text)]).toEqual([
      status,
      { code: status, reason: expect.stringMatching(reason) },
    ]);
    expect(simulator.webpush.recorder.counters().accepted).toBe(before);
  });

  it('says 410 once the subscription was given up', async () => {
    const short = simulator.webpush.subscribe(vapid.publicKey);
    simulator.webpush.removeTarget(simulator.webpush.targetOf(short.endpoint));
    expect((await push({ endpoint: short.endpoint })).status).toBe(410);
  });

  it('keeps messages of an offline device, the newest per topic, no longer than their TTL', async () => {
    const seen: string[] = [];
    const stop = simulator.webpush.onMessage((_endpoint, message) => seen.push(message.payload));
    simulator.webpush.setOnline(subscription.endpoint, false);
    await push({ headers: { Topic: 'a' } }, 'first of a');
    await push({}, 'without topic');
    await push({ headers: { Topic: 'a' } }, 'second of a');
    await push({ headers: { TTL: '0' } }, 'now or never');
    expect(seen).toEqual([]);
    simulator.webpush.setOnline(subscription.endpoint, true);
    expect(seen).toEqual(['without topic', 'second of a']);
    stop();
  });

  it('makes a subscription over the control API', async () => {
    const url = `${simulator.origin()}/_simulator/webpush/devices`;
    const make = async (body: unknown) =>
      (await request(url, { dispatcher: agent, method: 'POST', body: JSON.stringify(body) })).body.json();
    expect(await make({ applicationServerKey: vapid.publicKey })).toMatchObject({
      device: { endpoint: expect.stringContaining('/wp/'), keys: { p256dh: expect.any(String) } },
    });
    expect(await make({})).toMatchObject({ status: 400, field: '/applicationServerKey' });
  });

  it('knows the subscriptions of an earlier run on the same port, and no made-up ones', async () => {
    const earlier = createProviderSimulator({ clock });
    await earlier.start();
    const { endpoint, keys, expirationTime } = earlier.webpush.subscribe(vapid.publicKey);
    await earlier.stop();
    const path = new URL(endpoint).pathname;
    subscription = { endpoint: `${simulator.origin()}${path}`, keys, expirationTime };
    expect((await push({}, 'still here')).status).toBe(201);
    expect((await push({ endpoint: `${subscription.endpoint.slice(0, -2)}AA` })).status).not.toBe(201);
    expect((await push({ endpoint: `${simulator.origin()}/wp/made-up` })).status).toBe(404);
  });
});
