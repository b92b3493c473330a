import { SCOPES, type Scope } from '@belfry/core/store/credentials';
import { createAckTokens } from '@belfry/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COOKIE_SECRET, startApi, type TestApi, userToken } from './api.fixture.ts';
import { createPipeline } from './pipeline.fixture.ts';
import { ROUTES, type RouteCase } from './routes.fixture.ts';

/** In everything that tenant a has; no answer to anybody else may contain it. */
const MARK = 'only-for-tenant-a';

const GUARDED = ROUTES.filter((route) => route.scope !== undefined);

let api: TestApi;
let keyOfA: string;
let keyOfB: string;
const keyWith = new Map<Scope, string>();

beforeAll(async () => {
  api = await startApi();
  keyOfA = await api.apiKey('a');
  keyOfB = await api.apiKey('b');
  for (const scope of SCOPES) keyWith.set(scope, await api.apiKey('scopes', [scope]));
  await fillTenantA();
});
afterAll(() => api.stop());

/** One of each thing, under the names that the route table uses. */
async function fillTenantA(): Promise<void> {
  const user = { tenant: 'a', user: 'alice' };
  await api.store.registerDevice(user, 'id-1', { channel: 'fcm', address: { token: `${MARK}-token` } });
  const pipeline = createPipeline(api.store);
  const [ref] = await pipeline.route('a', 'alice', { id: 'id-1', title: MARK });
  if (ref === undefined) throw new Error('no delivery');
  await pipeline.kill(ref, MARK);
  await api.store.writePreferences(user, { channels: {}, types: { [MARK]: { fcm: false } } });
  await api.store.subscribeTopic('a', 'topic-1', ['alice', MARK]);
  await api.store.putUnreadableJobs([
    {
      id: MARK,
      tenant: 'a',
      logTopic: 'jobs.bulk',
      partition: 0,
      offset: '0',
      reason: MARK,
      raw: Buffer.from(MARK),
      sha256: 'ab',
    },
  ]);
}

/** Everything that tenant a can see. */
async function readTenantA(): Promise<Record<string, unknown>> {
  const seen: Record<string, unknown> = {};
  for (const route of ROUTES.filter(({ method }) => method === 'GET')) {
    seen[route.path] = (await send(route, keyOfA)).text;
  }
  return seen;
}

function send({ method, path, body }: RouteCase, as?: string) {
  return api.call(method, path, { ...(as === undefined ? {} : { as }), ...(body === undefined ? {} : { body }) });
}

function nameOf({ method, template }: RouteCase): string {
  return `${method} ${template}`;
}

describe('tenants', () => {
  it('see their own', async () => {
    const seen = await readTenantA();
    const marked = Object.entries(seen).filter(([, text]) => String(text).includes(MARK));
    expect(marked.map(([path]) => path).toSorted()).toEqual([
      '/v1/dead-letters',
      '/v1/dead-letters/groups',
      '/v1/notifications/id-1',
      '/v1/topics/topic-1/subscribers',
      '/v1/unreadable-jobs',
      '/v1/users/alice/inbox',
      '/v1/users/alice/preferences',
    ]);
  });

  it.each(GUARDED.map((route) => [nameOf(route), route] as const))('do not meet at %s', async (_name, route) => {
    const before = await readTenantA();
    const answer = await send(route, keyOfB);
    expect(answer.status).toBeLessThan(500);
    expect(answer.text).not.toContain(MARK);
    expect(answer.text).not.toContain(Buffer.from(MARK).toString('base64'));
    expect(await readTenantA()).toEqual(before);
  });

  it('may use the same names', async () => {
    const body = { to: { users: ['alice'] }, type: 't', title: 'Of b', id: 'id-1' };
    expect((await api.call('POST', '/v1/notifications', { as: keyOfB, body })).status).toBe(202);
    expect((await api.call('GET', '/v1/notifications/id-1', { as: keyOfB })).json.title).toBe('Of b');
    expect((await api.call('GET', '/v1/notifications/id-1', { as: keyOfA })).json.title).toBe(MARK);
  });
});

describe.each(GUARDED.map((route) => [nameOf(route), route] as const))('%s', (_name, route) => {
  it('refuses a request without a good credential', async () => {
    for (const as of [
      undefined,
      `${keyOfA}x`,
      'bk_unknown_0123456789abcdef',
      'no-credential',
      `${userToken('alice')}x`,
    ]) {
      const answer = await send(route, as);
      expect(answer.json).toMatchObject({ status: 401, code: 'unauthenticated', field: 'header:Authorization' });
      expect(answer.headers.get('www-authenticate')).toContain('Bearer');
    }
  });

  it('takes an ack token where something is acknowledged, and nowhere else', async () => {
    const expiresAtMs = Date.now() + 60_000;
    const ackToken = createAckTokens(COOKIE_SECRET).issue({ tenant: 'scopes', user: 'alice', expiresAtMs });
    expect((await send(route, ackToken)).status).toBe(route.template === '/v1/acks' ? 200 : 401);
  });

  it(`needs the scope ${route.scope}`, async () => {
    for (const [scope, key] of keyWith) {
      const { status, json } = await send(route, key);
      if (scope === route.scope || scope === 'admin') expect([200, 201, 202, 204, 207, 404]).toContain(status);
      else {
        expect(json).toMatchObject({ status: 403, code: 'forbidden' });
        expect(json.detail).toContain(route.scope);
      }
    }
  });

  it('lets only the user concerned use their own token', async () => {
    const own = await send(route, userToken('alice', 'scopes'));
    const other = await send(route, userToken('eve', 'scopes'));
    if (route.user === undefined) expect(own.json).toMatchObject({ status: 403, code: 'forbidden' });
    else expect([200, 201, 202, 204, 404]).toContain(own.status);
    expect(other.json).toMatchObject({ status: 403, code: 'forbidden' });
  });
});

describe('pages', () => {
  async function preflight(route: RouteCase, origin: string) {
    const answer = await fetch(`${api.url}${route.path}`, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': route.method,
        'access-control-request-headers': 'authorization,content-type,idempotency-key',
      },
    });
    return answer.headers;
  }

  it('may call with a token from an allowed origin only', async () => {
    for (const route of ROUTES.filter(({ user }) => user !== undefined)) {
      const allowed = await preflight(route, 'https://app.example');
      expect(allowed.get('access-control-allow-origin')).toBe('https://app.example');
      expect(allowed.get('access-control-allow-headers')).toContain('idempotency-key');
      const other = await preflight(route, 'https://evil.example');
      expect(other.get('access-control-allow-origin')).toBeNull();
    }
  });
});
