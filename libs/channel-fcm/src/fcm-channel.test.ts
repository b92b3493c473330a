import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Outcome } from '@belfry/core/outcome';
import {
  certificateAuthorityPem,
  createProviderSimulator,
  type FcmErrorName,
  fcmErrorStep,
  type ProviderSimulator,
  type ScriptStep,
} from '@belfry/provider-simulator';
import { realClock } from '@belfry/testing/real-clock';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type AccessTokens, createAccessTokens, fixedAccessToken } from './access-tokens.ts';
import { createFcmChannel, type FcmChannel, type FcmChannelOptions } from './fcm-channel.ts';
import { pushDelivery } from './push-delivery.fixture.ts';

const NEVER = new AbortController().signal;

let simulator: ProviderSimulator;
let channels: FcmChannel[];

beforeEach(async () => {
  channels = [];
  simulator = createProviderSimulator({ clock: realClock, fcm: { projectId: 'demo' } });
  await simulator.start();
});
afterEach(async () => {
  await simulator.stop();
  await Promise.all(channels.map((channel) => channel.close()));
});

function openChannel(options: Partial<FcmChannelOptions> = {}): FcmChannel {
  const channel = createFcmChannel({
    projectId: 'demo',
    accessTokens: fixedAccessToken('owner'),
    clock: realClock,
    endpoint: simulator.origin(),
    ca: certificateAuthorityPem(),
    ...options,
  });
  channels.push(channel);
  return channel;
}

function newToken(): string {
  const made = simulator.fcm.createTarget({});
  if (!made.ok) throw new Error(made.detail);
  return made.target;
}

async function attempt(step?: ScriptStep, options?: Partial<FcmChannelOptions>): Promise<Outcome> {
  const token = newToken();
  if (step) simulator.fcm.script.set(token, [step]);
  return (await openChannel(options).deliver(pushDelivery(token), NEVER)).outcome;
}

describe('FCM channel', () => {
  it('delivers what a strict FCM takes, with a body, data and collapse key of any kind', async () => {
    const token = newToken();
    const delivery = pushDelivery(token, {
      body: 'ü€😀'.repeat(2_000),
      data: { from: 'x', nested: { a: [1] } },
      icon: 'https://shop.example/i.png',
      url: 'https://shop.example/',
      collapseKey: 'cart',
      priority: 'high',
    });
    const channel = openChannel();
    expect(await channel.deliver(delivery, NEVER)).toEqual({
      outcome: { kind: 'delivered', code: '200' },
      host: new URL(simulator.origin()).host,
    });
    expect(simulator.fcm.recorder.received(token)).toMatchObject([
      {
        httpVersion: '2.0',
        message: { data: { x_from: 'x', nested: '{"a":[1]}' }, android: { collapse_key: 'cart' } },
      },
    ]);
  });

  const ERRORS: readonly [FcmErrorName, Outcome][] = [
    ['UNREGISTERED', { kind: 'gone', code: 'UNREGISTERED', reason: 'unregistered' }],
    ['UNREGISTERED_FID', { kind: 'gone', code: 'UNREGISTERED_FID', reason: 'unregistered' }],
    ['INVALID_TOKEN', { kind: 'gone', code: 'INVALID_ARGUMENT', reason: 'invalid-token' }],
    ['INVALID_TOKEN_FIELD', { kind: 'gone', code: 'INVALID_ARGUMENT', reason: 'invalid-token' }],
    ['INVALID_ARGUMENT', { kind: 'rejected', code: 'INVALID_ARGUMENT', reason: 'invalid-message' }],
    ['SENDER_ID_MISMATCH', { kind: 'gone', code: 'SENDER_ID_MISMATCH', reason: 'sender-id-mismatch' }],
    [
      'THIRD_PARTY_AUTH_ERROR',
      { kind: 'rejected', code: 'THIRD_PARTY_AUTH_ERROR', reason: 'third-party-auth', fault: 'perhaps-setup' },
    ],
    ['QUOTA_EXCEEDED', { kind: 'retry', code: 'QUOTA_EXCEEDED', reason: 'throttled', floorMs: 60_000 }],
    [
      'DEVICE_MESSAGE_RATE_EXCEEDED',
      { kind: 'retry', code: 'QUOTA_EXCEEDED', reason: 'device-throttled', floorMs: 60_000 },
    ],
    ['UNAVAILABLE', { kind: 'retry', code: 'UNAVAILABLE', reason: 'unavailable', floorMs: 10_000 }],
    ['INTERNAL', { kind: 'retry', code: 'INTERNAL', reason: 'provider-error', floorMs: 10_000 }],
    ['UNSPECIFIED_ERROR', { kind: 'retry', code: 'UNSPECIFIED_ERROR', reason: 'unspecified', floorMs: 10_000 }],
    ['UNAUTHENTICATED', { kind: 'rejected', code: '401', reason: 'unauthenticated', fault: 'setup' }],
    ['PERMISSION_DENIED', { kind: 'rejected', code: '403', reason: 'permission-denied', fault: 'setup' }],
    ['NO_SUCH_PROJECT', { kind: 'rejected', code: '404', reason: 'not-found', fault: 'perhaps-setup' }],
    ['FRONT_END_QUOTA', { kind: 'retry', code: '429', reason: 'throttled', floorMs: 60_000 }],
  ];
  it.each(ERRORS)('classifies %s', async (name, outcome) => {
    expect(await attempt(fcmErrorStep(name))).toEqual(outcome);
  });

  it.each([
    { name: 'QUOTA_EXCEEDED', retryAfter: 3, afterMs: 3_000 },
    { name: 'UNAVAILABLE', retryAfter: 120, afterMs: 120_000 },
  ] as const)('honours Retry-After of $name', async ({ name, retryAfter, afterMs }) => {
    const outcome = await attempt(fcmErrorStep(name, { retryAfter }));
    expect(outcome).toMatchObject({ kind: 'retry', afterMs });
    expect(outcome).not.toHaveProperty('floorMs');
  });

  it('honours a Retry-After that is a date', async () => {
    const retryAfter = new Date(Date.now() + 90_000).toUTCString();
    const outcome = await attempt(fcmErrorStep('UNAVAILABLE', { retryAfter }));
    if (outcome.kind !== 'retry' || outcome.afterMs === undefined) throw new Error(`not a wait: ${outcome.kind}`);
    expect(outcome.afterMs).toBeGreaterThan(30_000);
    expect(outcome.afterMs).toBeLessThanOrEqual(90_000);
  });

  it('lets nobody come back within 10 s', () => {
    expect(openChannel().limits.minRetryWaitMs).toBe(10_000);
  });

  it.each([502, 504])('retries the page of a front end with %d after the floor', async (status) => {
    const outcome = { kind: 'retry', code: String(status), reason: 'unavailable', floorMs: 10_000 };
    expect(await attempt({ kind: 'status', status })).toEqual(outcome);
  });

  it.each<{ step: ScriptStep; outcome: Partial<Outcome> }>([
    { step: { kind: 'reset-before' }, outcome: { kind: 'unknown', reason: 'no-answer' } },
    { step: { kind: 'reset-after' }, outcome: { kind: 'unknown', reason: 'no-answer' } },
    { step: { kind: 'half-close' }, outcome: { kind: 'unknown', reason: 'no-answer' } },
    { step: { kind: 'hang' }, outcome: { kind: 'unknown', code: 'ETIMEDOUT' } },
    { step: { kind: 'goaway', accepted: true }, outcome: { kind: 'delivered' } },
    { step: { kind: 'goaway', accepted: false }, outcome: { kind: 'delivered' } },
    { step: { kind: 'goaway', accepted: false, times: 2 }, outcome: { kind: 'retry', reason: 'not-sent' } },
    { step: { kind: 'slow', delayMs: 50, next: { kind: 'accept' } }, outcome: { kind: 'delivered' } },
    {
      step: { kind: 'status', status: 200, body: '<html>' },
      outcome: { kind: 'unknown', reason: 'unreadable-answer' },
    },
  ])('tells a possibly sent request from one that was not: $step', async ({ step, outcome }) => {
    expect(await attempt(step, { transport: { requestTimeoutMs: 1_000 } })).toMatchObject(outcome);
  });

  it('says not-sent when nobody listens, or the certificate is not trusted', async () => {
    const origin = simulator.origin();
    await simulator.stop();
    expect(await attempt(undefined, { endpoint: origin })).toEqual({
      kind: 'retry',
      code: 'ECONNREFUSED',
      reason: 'not-sent',
      floorMs: 10_000,
    });
    await simulator.start();
    const { ca: _ca, ...untrusting } = { ca: '', endpoint: simulator.origin() };
    const channel = createFcmChannel({
      projectId: 'demo',
      accessTokens: fixedAccessToken('owner'),
      clock: realClock,
      ...untrusting,
    });
    channels.push(channel);
    const { outcome } = await channel.deliver(pushDelivery(newToken()), NEVER);
    expect(outcome).toMatchObject({
      kind: 'retry',
      reason: 'not-sent',
      code: expect.stringMatching(/CERT|SIGN|ISSUER/),
    });
  });

  it('replaces a refused access token once, within the attempt', async () => {
    const stale = simulator.fcm.issueAccessToken();
    const fresh = simulator.fcm.issueAccessToken();
    simulator.fcm.revokeAccessToken(stale);
    const asked: string[] = [];
    const accessTokens: AccessTokens = {
      current: async () => ({ ok: true, token: stale }),
      renew: async (refused) => {
        asked.push(refused);
        return { ok: true, token: fresh };
      },
    };
    expect(await attempt(undefined, { accessTokens })).toEqual({ kind: 'delivered', code: '200' });
    simulator.fcm.revokeAccessToken(fresh);
    expect(await attempt(undefined, { accessTokens })).toMatchObject({ kind: 'rejected', reason: 'unauthenticated' });
    expect(asked).toEqual([stale, stale]);
  });

  it('fetches one access token for sends that start together, and fails them together', async () => {
    const access = simulator.fcm.issueAccessToken();
    let fetches = 0;
    const getAccessToken = async () => {
      fetches += 1;
      return { access_token: access, expires_in: 3_600 };
    };
    const working = createAccessTokens({ openCredential: () => ({ getAccessToken }), clock: realClock });
    const channel = openChannel({ accessTokens: working });
    const sends = Array.from({ length: 16 }, () => channel.deliver(pushDelivery(newToken()), NEVER));
    expect((await Promise.all(sends)).map((result) => result.outcome.kind)).toEqual(sends.map(() => 'delivered'));
    expect(fetches).toBe(1);

    const openCredential = () => {
      throw Object.assign(new Error('no'), { code: 'ENOENT' });
    };
    const broken = createAccessTokens({ openCredential, clock: realClock });
    expect(await attempt(undefined, { accessTokens: broken })).toEqual({
      kind: 'retry',
      code: 'ENOENT',
      reason: 'no-access-token',
      floorMs: 10_000,
    });
  });

  it('answers an abort at once: unknown after the request began, a retry before', async () => {
    const token = newToken();
    simulator.fcm.script.set(token, [{ kind: 'hang' }]);
    const channel = openChannel();
    const controller = new AbortController();
    const pending = channel.deliver(pushDelivery(token), controller.signal);
    await vi.waitFor(() => expect(simulator.fcm.recorder.counters().dropped).toBe(1), 5_000);
    controller.abort();
    expect((await pending).outcome).toEqual({ kind: 'unknown', code: 'ABORTED', reason: 'no-answer' });

    const before = (await channel.deliver(pushDelivery(newToken()), AbortSignal.abort())).outcome;
    expect(before).toEqual({ kind: 'retry', code: 'ABORTED', reason: 'not-sent' });
    const never: AccessTokens = { current: () => new Promise(() => {}), renew: async () => undefined };
    const waiting = openChannel({ accessTokens: never }).deliver(pushDelivery(newToken()), AbortSignal.timeout(20));
    expect((await waiting).outcome).toMatchObject({ kind: 'retry', reason: 'not-sent' });
  });

  it('rejects what cannot be cut to the limit without a request', async () => {
    const delivery = pushDelivery(newToken(), { collapseKey: 'k'.repeat(4_000) });
    const { outcome } = await openChannel().deliver(delivery, NEVER);
    expect(outcome).toMatchObject({ kind: 'rejected', reason: 'too-large' });
    expect(simulator.fcm.recorder.counters().requests).toBe(0);
  });

  it('sends below the path of its endpoint', async () => {
    const endpoint = `${simulator.origin()}/below/`;
    expect(await attempt(undefined, { endpoint })).toMatchObject({ kind: 'rejected', reason: 'not-found' });
    const server = createServer((request, response) => {
      request.resume().on('end', () => response.end(JSON.stringify({ name: request.url })));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const emulator = openChannel({ endpoint: `http://127.0.0.1:${port}/fcm` });
    const seen = once(server, 'request');
    expect(await emulator.deliver(pushDelivery('any'), NEVER)).toEqual({
      outcome: { kind: 'delivered', code: '200' },
      host: `127.0.0.1:${port}`,
    });
    expect((await seen)[0].url).toBe('/fcm/v1/projects/demo/messages:send');
    await emulator.close();
    server.close();
  });

  it('names what is wrong with its options', () => {
    expect(() => openChannel({ projectId: 'a/b' })).toThrow(/projectId "a\/b" must be/);
    expect(() => openChannel({ endpoint: 'localhost:9099' })).toThrow(/endpoint "localhost:9099" must be/);
  });
});
