import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { API_KEY, CONSOLE_ORIGIN, startConsole, type TestConsole } from './console.fixture.ts';

let console: TestConsole;
let page: Record<string, string>;

beforeAll(async () => {
  console = await startConsole();
});
afterAll(() => console.stop());
beforeEach(async () => {
  await console.answerWith({ status: 200, body: '{"items":[]}' });
  console.asked.length = 0;
  page = await console.pageHeaders();
});

const without = (name: string): Record<string, string> => {
  const { [name]: _left, ...rest } = page;
  return rest;
};
const codeOf = (text: string): unknown => (JSON.parse(text) as { code?: unknown }).code;

describe('the page', () => {
  it('begins a session that scripts and other sites cannot use', async () => {
    const { status, headers } = await console.call('GET', '/', { host: page.host ?? '' });
    expect(status).toBe(200);
    expect(headers['set-cookie']?.[0]).toMatch(
      new RegExp(`^belfry_console_${console.port}=\\S+; Max-Age=604800; Path=/console; HttpOnly; SameSite=Strict$`),
    );
  });

  it('allows its import map by hash and no other script of its own text', async () => {
    const { headers, text } = await console.call('GET', '/', page);
    const policy = String(headers['content-security-policy']);
    const inline = /<script type="importmap">(.*?)<\/script>/.exec(text)?.[1] ?? '';
    expect(JSON.parse(inline)).toMatchObject({ imports: { '@belfry/client': '/console/modules/client/index.ts' } });
    expect(policy).toContain(`'sha256-${createHash('sha256').update(inline).digest('base64')}'`);
    expect(policy).not.toContain('unsafe');
    expect([...text.matchAll(/<script(?![^>]*(?:src=|importmap))|\son\w+=|<style|\sstyle=/g)]).toEqual([]);
  });

  it('is asked for again each time and not sent twice', async () => {
    const first = await console.call('GET', '/console/main.ts', page);
    expect(first.headers).toMatchObject({
      'cache-control': 'no-cache',
      'content-type': 'text/javascript; charset=utf-8',
    });
    const again = await console.call('GET', '/console/main.ts', {
      ...page,
      'if-none-match': String(first.headers.etag),
    });
    expect([again.status, again.text]).toEqual([304, '']);
  });

  it('serves the service worker for the whole origin', async () => {
    const { status, headers, text } = await console.call('GET', '/console/service-worker.js', page);
    expect(status).toBe(200);
    expect(headers['service-worker-allowed']).toBe('/');
    expect(text).not.toMatch(/^(?:import|export)\b/m);
  });

  it.each([
    '/console/index.html',
    '/console/tsconfig.json',
    '/console/web-assets.ts',
    '/console/ledger.test.ts',
    '/console/../package.json',
    '/console/%2e%2e/package.json',
    '/console/..%2fpackage.json',
    '/console/modules/client/../package.json',
    '/console/modules/client/..%2f..%2fpackage.json',
    '/console/modules/client/service-worker.ts',
    '/console/modules/protocol/errors.ts',
    '/console/modules/core/log.ts',
    '/console//etc/passwd',
  ])('has no %s', async (path) => {
    expect((await console.call('GET', path, page)).status).toBe(404);
  });
});

describe('where the console answers', () => {
  const paths = ['/', '/console/main.ts', '/console/api/v1/dead-letters', '/console/api/timeline'];
  const hosts = [
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'localhost@evil.example',
    '10.0.0.1',
  ];

  it.each(paths.flatMap((path) => hosts.map((host) => [path, host])))('not %s as %s', async (path, host) => {
    const { status, text } = await console.call('GET', path, { ...page, host, origin: `http://${host}` });
    expect([status, codeOf(text)]).toEqual([403, 'forbidden']);
  });

  it.each(['localhost', '127.0.0.1', '[::1]'])('as %s, with the port', async (name) => {
    const host = `${name}:${console.port}`;
    const { headers } = await console.call('GET', '/', { host });
    const cookie = headers['set-cookie']?.[0]?.split(';')[0] ?? '';
    const { status } = await console.call('GET', '/console/api/v1/dead-letters', { host, cookie });
    expect(status).toBe(200);
  });

  it('as localhost through a proxy on this machine only to those who are on it, too', async () => {
    const host = `localhost:${console.port}`;
    const open = async (forwardedFor: string) =>
      (await console.call('GET', '/', { host, 'x-forwarded-for': forwardedFor })).status;
    expect(await open('127.0.0.1')).toBe(200);
    for (const callers of ['192.0.2.7', '127.0.0.1, 192.0.2.7', '192.0.2.7, 127.0.0.1', 'nonsense', '']) {
      expect(await open(callers), callers).toBe(403);
    }
  });

  it('under a configured origin, for pages of that origin', async () => {
    const host = new URL(CONSOLE_ORIGIN).host;
    const { headers } = await console.call('GET', '/', { host });
    const cookie = headers['set-cookie']?.[0]?.split(';')[0] ?? '';
    const post = (origin: string) =>
      console.call('POST', '/console/api/v1/notifications', { host, cookie, origin }, { title: 'x' });
    expect((await post(CONSOLE_ORIGIN)).status).toBe(200);
    expect((await post(`http://${host}`)).status).toBe(403);
    expect((await post('http://localhost')).status).toBe(403);
  });
});

describe('who may use its API', () => {
  const send = (headers: Record<string, string>) =>
    console.call('POST', '/console/api/v1/notifications', headers, { title: 'x' });

  it('its own page', async () => {
    expect((await send(page)).status).toBe(200);
  });

  it('nobody without the session', async () => {
    for (const cookie of ['', `belfry_console_${console.port}=1.a.b`, `${page.cookie}x`]) {
      const { status, text } = await send({ ...page, cookie });
      expect([status, codeOf(text)]).toEqual([401, 'unauthenticated']);
    }
    expect((await console.call('GET', '/console/api/v1/dead-letters', without('cookie'))).status).toBe(401);
    expect(console.asked).toEqual([]);
  });

  it.each(['https://evil.example', 'http://localhost:9', 'null', 'http://localhost', ''])(
    'no page of %j, although it brings the session',
    async (origin) => {
      const { status, text } = await send({ ...page, origin });
      expect([status, codeOf(text)]).toEqual([403, 'origin_not_allowed']);
      expect((await console.call('GET', '/console/api/v1/dead-letters', { ...page, origin })).status).toBe(403);
      expect(console.asked).toEqual([]);
    },
  );

  it('no change that names no origin, and no reading by another site', async () => {
    expect((await send(without('origin'))).status).toBe(403);
    const reading = (site: string) =>
      console.call('GET', '/console/api/v1/dead-letters', { ...without('origin'), 'sec-fetch-site': site });
    expect((await reading('same-origin')).status).toBe(200);
    expect((await reading('same-site')).status).toBe(403);
    expect((await reading('cross-site')).status).toBe(403);
  });
});

describe('what is forwarded', () => {
  it('the request with the key, the answer without it', async () => {
    await console.answerWith({ status: 409, body: '{"code":"notification_conflict"}' });
    const path = '/console/api/v1/users/a%20b%2Fc/inbox?limit=3&cursor=e%3A1';
    const answer = await console.call('GET', path, page);
    expect(answer).toMatchObject({ status: 409, text: '{"code":"notification_conflict"}' });
    expect(answer.headers).toMatchObject({ 'retry-after': '7', 'cache-control': 'no-store' });
    expect(JSON.stringify(answer)).not.toContain(API_KEY);
    expect(console.asked).toEqual([
      {
        method: 'GET',
        url: '/v1/users/a%20b%2Fc/inbox?limit=3&cursor=e%3A1',
        authorization: `Bearer ${API_KEY}`,
        body: '',
      },
    ]);
  });

  it('a body as it is', async () => {
    const body = { to: { users: ['ann'] }, title: 'ä', data: { nested: [1, null] } };
    await console.call('POST', '/console/api/v1/notifications', page, body);
    expect(JSON.parse(console.asked[0]?.body ?? '')).toEqual(body);
  });

  it.each([
    ['PUT', '/console/api/v1/topics/news/subscribers'],
    ['GET', '/console/api/v1/unreadable-jobs'],
    ['GET', '/console/api/metrics'],
    ['DELETE', '/console/api/v1/dead-letters'],
    ['GET', '/console/api//v1/dead-letters'],
  ])('not %s %s', async (method, path) => {
    const { status } = await console.call(method, path, page, method === 'GET' ? undefined : {});
    expect([404, 405]).toContain(status);
    expect(console.asked).toEqual([]);
  });

  it.each(['..', '%2e%2e', '%2E.', '.'])('not a user named %s, which would name another route', async (user) => {
    const { status } = await console.call('GET', `/console/api/v1/users/${user}/devices`, page);
    expect([400, 404]).toContain(status);
    expect(console.asked).toEqual([]);
  });

  it('nothing while the API is down: the page is told to try again', async () => {
    await console.answerWith(undefined);
    const { status, headers, text } = await console.call('GET', '/console/api/v1/dead-letters', page);
    expect([status, codeOf(text), headers['retry-after']]).toEqual([503, 'api_unavailable', '1']);
  });
});
