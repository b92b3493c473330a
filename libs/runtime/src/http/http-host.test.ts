import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createLogger } from '../logger.ts';
import { createMetrics } from '../metrics.ts';
import { createSystemClock } from '../system-clock.ts';
import { createHttpHost, type HttpHost, type HttpHostOptions, LOOPBACK_HOSTS } from './http-host.ts';
import { ProblemError } from './problem.ts';

const running: HttpHost[] = [];

async function startHost(addRoutes: (host: HttpHost) => void, more: Partial<HttpHostOptions> = {}): Promise<string> {
  const host = await createHttpHost({
    host: '127.0.0.1',
    port: 0,
    logger: createLogger({ level: 'silent' }),
    metrics: createMetrics({ processMetrics: false }),
    clock: createSystemClock(),
    allowedOrigins: ['https://app.example'],
    title: 'Test',
    version: '1.2.3',
    bodyLimitBytes: 1_024,
    ...more,
  });
  addRoutes(host);
  await host.service.start();
  running.push(host);
  return host.url();
}

afterEach(async () => {
  for (const host of running.splice(0)) await host.service.stop();
});

const BODY = z.strictObject({
  to: z.strictObject({ users: z.array(z.string().min(1)).max(3) }),
  title: z.string().max(10),
});

function addEcho({ app }: HttpHost): void {
  app.post('/v1/echo', { schema: { body: BODY, response: { 200: z.object({ title: z.string() }) } } }, (request) => ({
    title: request.body.title,
  }));
  app.get(
    '/v1/users/:user/things',
    { schema: { querystring: z.object({ limit: z.coerce.number().max(200) }) } },
    () => 1,
  );
}

function post(url: string, body: string, headers: Record<string, string> = { 'content-type': 'application/json' }) {
  return fetch(url, { method: 'POST', body, headers });
}

describe('http host', () => {
  it('answers a valid request and gives it an id', async () => {
    const base = await startHost(addEcho);
    const response = await post(`${base}/v1/echo`, '{"to":{"users":["alice"]},"title":"hi"}');
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ title: 'hi' });
    expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it.each([
    ['no JSON', '{', 400, { code: 'invalid_json' }],
    ['an empty body', '', 400, { code: 'invalid_json' }],
    ['a prototype', '{"__proto__":{}}', 400, { code: 'invalid_json' }],
    [
      'a long title',
      '{"to":{"users":[]},"title":"01234567890"}',
      400,
      { code: 'validation_failed', field: '/title', limit: 10 },
    ],
    [
      'an empty user',
      '{"to":{"users":["a",""]},"title":"t"}',
      400,
      { code: 'validation_failed', field: '/to/users/1', limit: 1 },
    ],
    ['too many users', '{"to":{"users":["a","b","c","d"]},"title":"t"}', 400, { field: '/to/users', limit: 3 }],
    ['an unknown field', '{"to":{"users":[]},"title":"t","a/b":1}', 400, { code: 'validation_failed', field: '/a~1b' }],
    ['a missing field', '{"to":{"users":[]}}', 400, { code: 'validation_failed', field: '/title' }],
    ['a large body', `{"title":"${'x'.repeat(2_000)}"}`, 413, { code: 'body_too_large', limit: 1_024 }],
  ])('refuses %s with a problem document', async (_name, body, status, problem) => {
    const base = await startHost(addEcho);
    const response = await post(`${base}/v1/echo`, body);
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    const document = await response.json();
    expect(document).toMatchObject({ status, ...problem });
    expect(document).toMatchObject({
      title: expect.any(String),
      type: expect.any(String),
      requestId: expect.any(String),
    });
  });

  it('names the query parameter that is wrong', async () => {
    const base = await startHost(addEcho);
    const response = await fetch(`${base}/v1/users/alice/things?limit=500`);
    expect(await response.json()).toMatchObject({ code: 'validation_failed', field: 'query:limit', limit: 200 });
  });

  it('tells a wrong path from a wrong method and a wrong media type', async () => {
    const base = await startHost(addEcho);
    expect(await (await fetch(`${base}/nothing`)).json()).toMatchObject({ status: 404, code: 'not_found' });
    const wrongMethod = await fetch(`${base}/v1/users/alice/things`, { method: 'DELETE' });
    expect(wrongMethod.headers.get('allow')).toContain('GET');
    expect(await wrongMethod.json()).toMatchObject({ status: 405, code: 'method_not_allowed' });
    const wrongType = await post(`${base}/v1/echo`, '<a/>', { 'content-type': 'text/xml' });
    expect(await wrongType.json()).toMatchObject({ status: 415, code: 'unsupported_media_type' });
  });

  it('answers a path that cannot be read like any other mistake', async () => {
    const base = await startHost(addEcho);
    const badly = await fetch(`${base}/v1/users/%zz/things`);
    expect(await badly.json()).toMatchObject({ status: 400, code: 'validation_failed', field: 'path' });
    const long = await fetch(`${base}/v1/users/${'x'.repeat(2_000)}/things`);
    expect(await long.json()).toMatchObject({ status: 400, code: 'validation_failed', field: 'path', limit: 1_536 });
  });

  it('does not take the life of a stream for the time of an answer', async () => {
    const base = await startHost(({ app }) => {
      app.get('/stream', (_request, reply) => {
        reply.hijack();
        reply.raw.end('data: 1\n\n');
      });
    });
    expect(await (await fetch(`${base}/stream`)).text()).toBe('data: 1\n\n');
    expect(await (await fetch(`${base}/metrics`)).text()).not.toContain('route="/stream"');
  });

  it('hides what a bug says and shows what a problem says', async () => {
    const base = await startHost(({ app }) => {
      app.get('/bug', () => {
        throw new Error('password is hunter2');
      });
      app.get('/busy', () => {
        throw new ProblemError('store_unavailable', { retryAfterSeconds: 1.2 });
      });
    });
    const bug = await (await fetch(`${base}/bug`)).text();
    expect(bug).toContain('internal_error');
    expect(bug).not.toContain('hunter2');
    const busy = await fetch(`${base}/busy`);
    expect([busy.status, busy.headers.get('retry-after')]).toEqual([503, '2']);
  });

  it('takes a DELETE whose JSON body is empty for one without a body, and asks others for theirs', async () => {
    const base = await startHost(({ app }) => {
      app.delete('/thing', async () => ({ removed: true }));
      app.post('/thing', async () => ({}));
    });
    const headers = { 'content-type': 'application/json' };
    expect((await fetch(`${base}/thing`, { method: 'DELETE', headers })).status).toBe(200);
    expect((await fetch(`${base}/thing`, { method: 'POST', headers })).status).toBe(400);
  });

  it('is ready only while every watched service is', async () => {
    let reason: string | undefined = 'the store is away';
    const base = await startHost((host) =>
      host.watch([{ name: 'store', start: async () => {}, stop: async () => {}, unready: () => reason }]),
    );
    const away = await fetch(`${base}/health/ready`);
    expect(away.status).toBe(503);
    expect(await away.json()).toMatchObject({ unready: [{ service: 'store', reason }] });
    reason = undefined;
    expect((await fetch(`${base}/health/ready`)).status).toBe(200);
    expect((await fetch(`${base}/health/live`)).status).toBe(200);
  });

  it('documents its routes and counts its requests', async () => {
    const base = await startHost(addEcho);
    await post(`${base}/v1/echo`, '{');
    const document = (await (await fetch(`${base}/openapi.json`)).json()) as { paths: object };
    expect(document).toMatchObject({ openapi: '3.1.0', info: { title: 'Test', version: '1.2.3' } });
    expect(Object.keys(document.paths)).toEqual(['/v1/echo', '/v1/users/{user}/things']);
    const page = await fetch(`${base}/docs/`);
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('swagger-ui')]);
    expect(await (await fetch(`${base}/docs/errors`)).text()).toContain('id="validation_failed"');
    const metrics = await (await fetch(`${base}/metrics`)).text();
    expect(metrics).toContain('belfry_http_request_seconds_count{method="POST",route="/v1/echo",status="400"} 1');
  });

  it('allows only the configured pages', async () => {
    const base = await startHost(addEcho);
    const allow = async (origin: string) => {
      const response = await fetch(`${base}/health/live`, { headers: { origin } });
      return response.headers.get('access-control-allow-origin');
    };
    expect(await allow('https://app.example')).toBe('https://app.example');
    expect(await allow('https://evil.example')).toBeNull();
  });
});

/** Opens a raw connection, sends `text` and collects what comes until the other side closes. */
function talk(base: string, text: string, hangUp: boolean): Promise<string> {
  const { port } = new URL(base);
  return new Promise((resolve, reject) => {
    let received = '';
    const socket = connect(Number(port), '127.0.0.1', () => socket.write(text));
    socket.on('data', (chunk) => {
      received += chunk;
      if (hangUp && received.includes('\r\n\r\n')) socket.end();
    });
    socket.on('close', () => resolve(received));
    socket.on('error', reject);
  });
}

const UPGRADE =
  'Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n';

describe('sockets', () => {
  it('offers an upgrade only on the paths that have one', async () => {
    const base = await startHost(
      ({ app }) => {
        app.server.on('upgrade', (request, socket) => socket.end(`HTTP/1.1 418 ${request.url}\r\n\r\n`));
      },
      { upgradePaths: ['/v1/realtime'] },
    );
    expect(await talk(base, `GET /v1/realtime?cursor=1 HTTP/1.1\r\n${UPGRADE}`, true)).toContain('418 /v1/realtime');
    expect(await talk(base, `GET /v1/other HTTP/1.1\r\n${UPGRADE}`, true)).toContain('404 Not Found');
  });

  it('answers and upgrades under its own names only, where it has been given some', async () => {
    const base = await startHost(
      (host) => {
        addEcho(host);
        host.app.server.on('upgrade', (_request, socket) => socket.end('HTTP/1.1 418 taken\r\n\r\n'));
      },
      { allowedHosts: LOOPBACK_HOSTS, upgradePaths: ['/v1/realtime'] },
    );
    const ask = (line: string) => talk(base, `${line}\r\nConnection: close\r\n\r\n`, false);
    expect((await fetch(`${base}/health/live`)).status).toBe(200);
    expect(await ask('GET /health/live HTTP/1.1\r\nHost: LOCALHOST:8080')).toContain('200 OK');
    expect(await ask('GET /health/live HTTP/1.1\r\nHost: [::1]:8080')).toContain('200 OK');
    expect(await ask('GET /health/live HTTP/1.1\r\nHost: rebound.example:8080')).toMatch(/403[\s\S]*header:Host/);
    const rebound = UPGRADE.replace('Host: x', 'Host: rebound.example');
    expect(await talk(base, `GET /v1/realtime HTTP/1.1\r\n${rebound}`, true)).toContain('403 Forbidden');
  });

  it('cuts off a client that does not finish its request', async () => {
    const base = await startHost(addEcho, { requestTimeoutMs: 200 });
    const answer = await talk(base, 'POST /v1/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{', false);
    expect(answer).toContain('408');
  });

  it('lets a request that is under way finish when it stops, and takes no new one', async () => {
    const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
    const { promise: answer, resolve: finish } = Promise.withResolvers<string>();
    const base = await startHost(({ app }) => {
      app.get('/slow', () => {
        ask();
        return answer;
      });
    });
    const response = fetch(`${base}/slow`);
    await asked;
    const stopped = running.splice(0)[0]?.service.stop();
    await expect(fetch(`${base}/health/live`)).rejects.toThrow();
    finish('done');
    expect(await (await response).text()).toBe('done');
    await stopped;
  });

  it('stops although a socket that it handed over stays open', async () => {
    const host = await createHttpHost({
      host: '127.0.0.1',
      port: 0,
      logger: createLogger({ level: 'silent' }),
      metrics: createMetrics({ processMetrics: false }),
      clock: createSystemClock(),
      allowedOrigins: [],
      title: 'Test',
      version: '1',
      bodyLimitBytes: 1_024,
      upgradePaths: ['/v1/realtime'],
      closeGraceMs: 50,
    });
    host.app.server.on('upgrade', (_request, socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n'));
    await host.service.start();
    const upgraded = once(host.app.server, 'upgrade');
    const conversation = talk(host.url(), `GET /v1/realtime HTTP/1.1\r\n${UPGRADE}`, false);
    await upgraded;
    await host.service.stop();
    expect(await conversation).toContain('101');
    expect(host.service.unready?.()).toBe('stopped');
  });
});
