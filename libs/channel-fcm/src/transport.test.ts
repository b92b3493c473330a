import { createServer } from 'node:http';
import { constants, type Http2Session, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, connect, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { certificateAuthorityPem, createProviderSimulator } from '@belfry/provider-simulator';
import { realClock } from '@belfry/testing/real-clock';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { answer, type Http2TestServerOptions, startHttp2Server } from './http2-server.fixture.ts';
import { createTransport, type Transport, type TransportOptions } from './transport.ts';

const NEVER = new AbortController().signal;
const PATIENCE = { timeout: 10_000, interval: 10 };

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function startServer(options: Http2TestServerOptions) {
  const server = await startHttp2Server(options);
  cleanups.push(() => server.stop());
  return server;
}

function openTransport(origin: URL, options: Partial<TransportOptions> = {}): Transport {
  const transport = createTransport({ origin, clock: realClock, ca: certificateAuthorityPem(), ...options });
  cleanups.push(() => transport.close());
  return transport;
}

const post = (transport: Transport, body = 'hello', signal = NEVER) =>
  transport.send({ path: '/', headers: { 'content-type': 'text/plain' }, body }, signal);
const answered = (body: string) => ({ kind: 'answered', status: 200, retryAfter: undefined, body });

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => new Promise((resolve) => server.close(resolve)));
  return (server.address() as AddressInfo).port;
}

describe('pooled HTTP/2', () => {
  it('carries 500 requests at once over five connections and keeps them for the next 500', async () => {
    const held: ServerHttp2Stream[] = [];
    const server = await startServer({ onRequest: (stream) => held.push(stream) });
    const transport = openTransport(server.origin);
    for (let round = 0; round < 2; round++) {
      const sends = Array.from({ length: 500 }, () => post(transport));
      await vi.waitFor(() => expect(held).toHaveLength(500), PATIENCE);
      expect(transport.stats()).toEqual({ protocol: 'h2', connections: 5, active: 500 });
      for (const stream of held.splice(0)) answer(stream);
      expect(new Set((await Promise.all(sends)).map((result) => result.kind))).toEqual(new Set(['answered']));
    }
    expect([server.sessions.length, server.mostStreams()]).toEqual([5, 100]);
  });

  it("respects the server's own limit of streams from the very first request", async () => {
    let mostBegun = 0;
    const server = await startServer({
      maxConcurrentStreams: 7,
      onRequest: (stream) => {
        mostBegun = Math.max(mostBegun, transport.stats().active);
        setTimeout(answer, 5, stream);
      },
    });
    const transport = openTransport(server.origin, { maxSessions: 3 });
    const sends = Array.from({ length: 200 }, (_, index) => post(transport, String(index)));
    expect(new Set((await Promise.all(sends)).map((result) => result.kind))).toEqual(new Set(['answered']));
    // A stream above the limit would wait inside Node, where an abort can no longer tell that it was never sent.
    expect(mostBegun).toBeLessThanOrEqual(21);
    expect(server.mostStreams()).toBeLessThanOrEqual(7);
    expect(server.sessions.length).toBeLessThanOrEqual(3);
  });

  it.each([
    { what: 'a graceful GOAWAY', code: constants.NGHTTP2_NO_ERROR },
    { what: 'GOAWAY with ENHANCE_YOUR_CALM', code: constants.NGHTTP2_ENHANCE_YOUR_CALM },
  ])('loses nothing silently under $what: refused means not acted on', async ({ code }) => {
    const acted = new Set<string>();
    const leaving = new Set<Http2Session>();
    const server = await startServer({
      onRequest: (stream, body) => {
        const { session, id = 0 } = stream;
        if (!session || leaving.has(session)) return;
        acted.add(body);
        setTimeout(answer, 2, stream);
        if (acted.size % 40 !== 0) return;
        leaving.add(session);
        session.goaway(code, id);
      },
    });
    const transport = openTransport(server.origin, { requestTimeoutMs: 5_000 });
    const sends = Array.from({ length: 600 }, async (_, index) => ({
      body: String(index),
      result: await post(transport, String(index)),
    }));
    const settled = await Promise.all(sends);
    const failures = settled.filter(({ result }) => result.kind === 'failed');
    expect(failures.length).toBeGreaterThan(0);
    for (const { body, result } of settled) {
      if (result.kind === 'answered') expect(acted.has(body)).toBe(true);
      else expect(result.failure).toBe(acted.has(body) ? 'broken' : 'refused-stream');
    }
    expect(server.sessions.length).toBeGreaterThan(1);
    expect((await post(transport, 'after')).kind).toBe('answered');
  });

  it('calls REFUSED_STREAM not acted on, and any other reset broken', async () => {
    const codes = [constants.NGHTTP2_REFUSED_STREAM, constants.NGHTTP2_INTERNAL_ERROR, constants.NGHTTP2_CANCEL];
    const server = await startServer({ onRequest: (stream) => stream.close(codes.shift()) });
    const transport = openTransport(server.origin);
    expect(await post(transport)).toEqual({ kind: 'failed', failure: 'refused-stream', code: 'REFUSED_STREAM' });
    expect(await post(transport)).toMatchObject({ kind: 'failed', failure: 'broken' });
    expect(await post(transport)).toMatchObject({ kind: 'failed', failure: 'broken' });
    // A connection that refused a stream gets no other; a reset concerns its stream alone.
    expect(server.sessions).toHaveLength(2);
  });

  it('calls an answer broken that ends before it is whole', async () => {
    const server = await startServer({
      onRequest: (stream) => {
        stream.respond({ ':status': 404 });
        stream.write('{"error"');
        setTimeout(() => stream.session?.destroy(), 20);
      },
    });
    expect(await post(openTransport(server.origin))).toMatchObject({ kind: 'failed', failure: 'broken' });
  });

  it('gives a timed-out request its slot back', async () => {
    let requests = 0;
    const server = await startServer({
      onRequest: (stream) => {
        requests += 1;
        if (requests > 1) answer(stream);
      },
    });
    const transport = openTransport(server.origin, { maxSessions: 1, maxStreams: 1, requestTimeoutMs: 300 });
    expect(await post(transport)).toEqual({ kind: 'failed', failure: 'broken', code: 'ETIMEDOUT' });
    expect(await post(transport)).toEqual(answered('ok'));
  });

  it('says not-started of a request that was stopped while it waited for a stream', async () => {
    const held: ServerHttp2Stream[] = [];
    const server = await startServer({ onRequest: (stream) => held.push(stream) });
    const transport = openTransport(server.origin, { maxSessions: 1, maxStreams: 1, requestTimeoutMs: 2_000 });
    const first = post(transport);
    await vi.waitFor(() => expect(held).toHaveLength(1), PATIENCE);
    expect(await post(transport, 'x', AbortSignal.timeout(20))).toEqual({
      kind: 'failed',
      failure: 'not-started',
      code: 'ABORTED',
    });
    const waiting = post(transport);
    const closing = transport.close();
    expect(await post(transport)).toEqual({ kind: 'failed', failure: 'not-started', code: 'CLOSED' });
    for (const stream of held.splice(0)) answer(stream);
    await vi.waitFor(() => expect(held).toHaveLength(1), PATIENCE);
    for (const stream of held.splice(0)) answer(stream);
    expect(await Promise.all([first, waiting])).toEqual([answered('ok'), answered('ok')]);
    await closing;
    await vi.waitFor(() => expect(server.sessions.every((session) => session.destroyed)).toBe(true), PATIENCE);
  });

  it('gives up connecting after the connect timeout', async () => {
    const sockets: Socket[] = [];
    const port = await listen(createTcpServer((socket) => sockets.push(socket)));
    const transport = openTransport(new URL(`https://127.0.0.1:${port}`), { connectTimeoutMs: 200 });
    const results = await Promise.all([post(transport), post(transport)]);
    expect(results).toEqual(results.map(() => ({ kind: 'failed', failure: 'not-connected', code: 'ETIMEDOUT' })));
    for (const socket of sockets) socket.destroy();
  });

  it('fails the requests, not the process, when its certificates cannot be read', async () => {
    const transport = openTransport(new URL('https://127.0.0.1:1'), { ca: '-----BEGIN CERTIFICATE-----\nno\n' });
    expect(await post(transport)).toMatchObject({ kind: 'failed', failure: 'not-connected' });
  });

  it('drops a connection whose PING is not answered, and opens another', async () => {
    let hang = true;
    const server = await startServer({ onRequest: (stream) => hang || answer(stream) });
    const pairs: [Socket, Socket][] = [];
    const proxy = createTcpServer((near) => {
      const far = connect(Number(server.origin.port), '127.0.0.1');
      for (const socket of [near, far]) socket.on('error', () => {});
      near.pipe(far).pipe(near);
      near.on('close', () => far.destroy());
      pairs.push([near, far]);
    });
    const port = await listen(proxy);
    const transport = openTransport(new URL(`https://127.0.0.1:${port}`), { pingIntervalMs: 50, pingTimeoutMs: 150 });
    const stuck = post(transport);
    await vi.waitFor(() => expect(transport.stats().active).toBe(1), PATIENCE);
    for (const [near, far] of pairs) {
      near.unpipe(far).pause();
      far.unpipe(near).pause();
    }
    expect(await stuck).toMatchObject({ kind: 'failed', failure: 'broken' });
    hang = false;
    expect(await post(transport)).toEqual(answered('ok'));
    await transport.close();
    for (const socket of pairs.flat()) socket.destroy();
  });

  it('closes an idle connection and opens another when needed', async () => {
    const server = await startServer({ onRequest: (stream) => answer(stream) });
    const transport = openTransport(server.origin, { idleMs: 60, pingIntervalMs: 30 });
    await post(transport);
    expect(transport.stats().connections).toBe(1);
    await vi.waitFor(() => expect(transport.stats().connections).toBe(0), PATIENCE);
    expect(await post(transport)).toEqual(answered('ok'));
    expect(server.sessions).toHaveLength(2);
  });
});

describe('HTTP/1.1', () => {
  it('keeps connections to an http: endpoint alive', async () => {
    let connections = 0;
    const server = createServer((request, response) => {
      request.resume().on('end', () => response.end(`${request.headers['content-type']}`));
    });
    server.on('connection', () => {
      connections += 1;
    });
    const port = await listen(server);
    const transport = openTransport(new URL(`http://127.0.0.1:${port}`));
    for (let round = 0; round < 10; round++) expect(await post(transport)).toEqual(answered('text/plain'));
    expect(connections).toBe(1);
    expect(transport.stats()).toMatchObject({ protocol: 'http/1.1', active: 0 });
    await transport.close();
  });

  it('is what a TLS server without h2 gets', async () => {
    const simulator = createProviderSimulator({ clock: realClock, protocols: ['http/1.1'] });
    await simulator.start();
    cleanups.push(() => simulator.stop());
    const transport = openTransport(new URL(simulator.origin()));
    const results = await Promise.all(Array.from({ length: 20 }, () => post(transport)));
    expect(new Set(results.map((result) => result.kind === 'answered' && result.status))).toEqual(new Set([404]));
    expect(transport.stats().protocol).toBe('http/1.1');
  });

  it('tells a refused connection from a broken request, and stops at once', async () => {
    const server = createServer((request) => {
      if (request.url === '/') request.socket.destroy();
    });
    const port = await listen(server);
    const origin = new URL(`http://127.0.0.1:${port}`);
    expect(await post(openTransport(origin))).toMatchObject({ kind: 'failed', failure: 'broken', code: 'ECONNRESET' });
    const impatient = openTransport(origin, { requestTimeoutMs: 100 });
    const send = (signal: AbortSignal) => impatient.send({ path: '/hang', headers: {}, body: '' }, signal);
    expect(await send(NEVER)).toEqual({ kind: 'failed', failure: 'broken', code: 'ETIMEDOUT' });
    expect(await send(AbortSignal.timeout(20))).toEqual({ kind: 'failed', failure: 'broken', code: 'ABORTED' });
    expect(await send(AbortSignal.abort())).toEqual({ kind: 'failed', failure: 'not-started', code: 'ABORTED' });
    const nobody = openTransport(new URL('http://127.0.0.1:1'));
    expect(await post(nobody)).toEqual({ kind: 'failed', failure: 'not-connected', code: 'ECONNREFUSED' });
  });
});
