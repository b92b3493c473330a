import type { ApiKey, Scope } from '@belfry/core/store/credentials';
import { createFakeClock, type FakeClock } from '@belfry/testing/fake-clock';
import { SignJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLogger } from '../logger.ts';
import { createMetrics } from '../metrics.ts';
import { createSystemClock } from '../system-clock.ts';
import { createAuthentication, principalOf } from './authentication.ts';
import { apiKeyId, hashSecret } from './credential.ts';
import { createHttpHost, type HttpHost } from './http-host.ts';
import { createTokenVerifier } from './token-verifier.ts';

const SECRET = 'a shared secret of thirty-two bytes or more';
const WRITER = 'bk_writer_0123456789abcdef0123456789abcdef';

let clock: FakeClock;
let host: HttpHost;
let keys: Map<string, ApiKey>;
let lookups: number;

function saveKey(text: string, scopes: readonly Scope[], expiresAtMs?: number): void {
  const id = apiKeyId(text) ?? '';
  keys.set(id, { id, tenant: 'acme', secretHash: hashSecret(text), scopes, expiresAtMs });
}

beforeEach(async () => {
  clock = createFakeClock();
  keys = new Map();
  lookups = 0;
  saveKey(WRITER, ['notifications:write']);
  const metrics = createMetrics({ processMetrics: false });
  host = await createHttpHost({
    host: '127.0.0.1',
    port: 0,
    logger: createLogger({ level: 'silent' }),
    metrics,
    clock: createSystemClock(),
    allowedOrigins: [],
    title: 'Test',
    version: '1',
    bodyLimitBytes: 1_024,
  });
  const authentication = createAuthentication({
    keys: {
      findApiKey: async (id) => {
        lookups += 1;
        return keys.get(id);
      },
    },
    clock,
    metrics,
    tokens: await createTokenVerifier({ keys: [{ kind: 'secret', secret: SECRET }] }, clock),
    rateLimit: { ratePerSecond: 2, burst: 3 },
  });
  const { app } = host;
  const onRequest = authentication.requireScope('notifications:write');
  app.post('/write', { onRequest }, (request) => principalOf(request));
  const ownInbox = authentication.requireUserOrScope('users:read');
  app.get('/v1/users/:user/inbox', { onRequest: ownInbox }, (request) => principalOf(request));
  app.post('/acks', { onRequest: authentication.requireUser() }, (request) => principalOf(request));
  await host.service.start();
});

afterEach(() => host.service.stop());

async function call(method: string, path: string, credential?: string) {
  const headers = credential === undefined ? {} : { authorization: `Bearer ${credential}` };
  const response = await fetch(host.url() + path, { method, headers });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Record<string, unknown>,
  };
}

function token(claims: Record<string, unknown> = {}): Promise<string> {
  const jwt = new SignJWT({ exp: Math.floor(clock.nowMs() / 1_000) + 60, sub: 'alice', ...claims });
  return jwt.setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(SECRET));
}

describe('API keys', () => {
  it('say who is calling', async () => {
    const { status, body } = await call('POST', '/write', WRITER);
    expect([status, body]).toEqual([
      200,
      { kind: 'api-key', tenant: 'acme', keyId: 'writer', scopes: ['notifications:write'] },
    ]);
  });

  it('may be any text that the operator chose', async () => {
    saveKey('open sesame'.replace(' ', '-'), ['admin']);
    expect(await call('POST', '/write', 'open-sesame')).toMatchObject({
      status: 200,
      body: { keyId: /^key-[0-9a-f]{8}$/ },
    });
  });

  it.each([
    ['none', undefined],
    ['an unknown one', 'bk_nobody_0123456789abcdef0123456789abcdef'],
    ['another secret under a known id', 'bk_writer_ffffffffffffffffffffffffffffffff'],
    ['the hash of the key', hashSecret(WRITER)],
  ])('are refused: %s', async (_name, credential) => {
    const { status, body, headers } = await call('POST', '/write', credential);
    expect([status, body.code, body.field]).toEqual([401, 'unauthenticated', 'header:Authorization']);
    expect(headers.get('www-authenticate')).toBe('Bearer realm="belfry"');
  });

  it('expire', async () => {
    saveKey(WRITER, ['notifications:write'], clock.nowMs() + 1_000);
    expect((await call('POST', '/write', WRITER)).status).toBe(200);
    await clock.advance(1_000);
    expect((await call('POST', '/write', WRITER)).body).toMatchObject({
      status: 401,
      detail: 'The API key has expired.',
    });
  });

  it('need the scope of the route, which is named; admin has all', async () => {
    saveKey(WRITER, ['notifications:read']);
    const { status, body } = await call('POST', '/write', WRITER);
    expect([status, body.detail]).toEqual([403, 'The API key needs the scope notifications:write.']);
    await clock.advance(10_000);
    saveKey(WRITER, ['admin']);
    expect((await call('POST', '/write', WRITER)).status).toBe(200);
  });

  it('are looked up at most every ten seconds, and a revoked one stops working then', async () => {
    await call('POST', '/write', WRITER);
    keys.clear();
    await clock.advance(9_999);
    expect((await call('POST', '/write', WRITER)).status).toBe(200);
    expect(lookups).toBe(1);
    await clock.advance(1);
    expect((await call('POST', '/write', WRITER)).status).toBe(401);
  });

  it('have a rate each', async () => {
    const statuses: number[] = [];
    for (let count = 0; count < 4; count++) statuses.push((await call('POST', '/write', WRITER)).status);
    expect(statuses).toEqual([200, 200, 200, 429]);
    const limited = await call('POST', '/write', WRITER);
    expect([limited.headers.get('retry-after'), limited.body.limit]).toEqual(['1', 2]);
    saveKey('another-key-entirely', ['notifications:write']);
    expect((await call('POST', '/write', 'another-key-entirely')).status).toBe(200);
    await clock.advance(500);
    expect((await call('POST', '/write', WRITER)).status).toBe(200);
    expect((await call('POST', '/write', WRITER)).status).toBe(429);
  });
});

describe('user tokens', () => {
  it('open what belongs to their user only', async () => {
    const own = await token();
    expect((await call('GET', '/v1/users/alice/inbox', own)).body).toMatchObject({
      kind: 'user',
      tenant: 'default',
      user: 'alice',
    });
    expect((await call('GET', '/v1/users/bob/inbox', own)).status).toBe(403);
    expect((await call('POST', '/acks', own)).status).toBe(200);
    expect((await call('POST', '/write', own)).body).toMatchObject({ status: 403, code: 'forbidden' });
  });

  it('are not needed where an API key has the scope, but are for acks', async () => {
    saveKey(WRITER, ['users:read']);
    expect((await call('GET', '/v1/users/bob/inbox', WRITER)).status).toBe(200);
    expect((await call('POST', '/acks', WRITER)).status).toBe(403);
  });

  it('carry their tenant', async () => {
    const { body } = await call('POST', '/acks', await token({ tenant: 'acme' }));
    expect(body.tenant).toBe('acme');
  });
});
