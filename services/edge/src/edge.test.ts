import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { type Handler, open, startEdge, startUpstream, type TestEdge, type TestUpstream } from './edge.fixture.ts';

let edge: TestEdge | undefined;
let upstream: TestUpstream | undefined;

afterEach(async () => {
  await edge?.close();
  await upstream?.close();
  edge = undefined;
  upstream = undefined;
});

async function behind(handle: Handler, options: Parameters<typeof startEdge>[1] = {}): Promise<string> {
  upstream = await startUpstream(handle);
  const { url } = upstream;
  edge = await startEdge(() => url, options);
  return edge.url;
}

const echoHeaders: Handler = ({ headers }, response) => void response.end(JSON.stringify(headers));

describe('requests', () => {
  it('reach the service with method, path, query and body, and its answer comes back whole', async () => {
    const url = await behind((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        response.writeHead(201, { 'x-answer': 'yes', 'set-cookie': ['a=1', 'b=2'] });
        response.end(`${request.method} ${request.url} ${body}`);
      });
    });
    const response = await fetch(`${url}/v1/notifications?limit=%2F1`, { method: 'POST', body: 'text' });
    expect(response.status).toBe(201);
    expect(response.headers.get('x-answer')).toBe('yes');
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(await response.text()).toBe('POST /v1/notifications?limit=%2F1 text');
  });

  it('say who asked: what a client claims about itself does not get through', async () => {
    const url = await behind(echoHeaders);
    const claims = { 'x-forwarded-for': '10.0.0.1', 'x-forwarded-proto': 'https', 'x-real-ip': '10.0.0.1' };
    const headers = (await (await fetch(`${url}/v1/x`, { headers: claims })).json()) as Record<string, string>;
    expect(headers).toMatchObject({
      host: new URL(url).host,
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': new URL(url).host,
    });
    expect(headers['x-real-ip']).toBeUndefined();
  });

  it('keep what a trusted proxy in front has said', async () => {
    const url = await behind(echoHeaders, { trustProxy: true });
    const claims = { 'x-forwarded-for': '10.0.0.1', 'x-forwarded-proto': 'https' };
    const headers = await (await fetch(`${url}/v1/x`, { headers: claims })).json();
    expect(headers).toMatchObject({ 'x-forwarded-for': '10.0.0.1, 127.0.0.1', 'x-forwarded-proto': 'https' });
  });

  it('stream: a slow body arrives while it is written', async () => {
    const parts: string[] = [];
    const url = await behind((request, response) => {
      request.on('data', (chunk: Buffer) => parts.push(chunk.toString()));
      request.on('end', () => response.end('done'));
    });
    const { outgoing, answered } = open(`${url}/v1/x`, { method: 'POST' });
    outgoing.write('one');
    await vi.waitFor(() => expect(parts).toEqual(['one']), { timeout: 10_000 });
    outgoing.end('two');
    expect((await answered).statusCode).toBe(200);
    expect(parts).toEqual(['one', 'two']);
  });

  it('end behind when their client leaves', async () => {
    let arrived = false;
    let aborted = false;
    const url = await behind((request, response) => {
      arrived = true;
      response.once('close', () => {
        aborted = !response.writableFinished;
      });
      request.resume();
    });
    const { outgoing, answered } = open(`${url}/v1/x`);
    outgoing.end();
    await vi.waitFor(() => expect(arrived).toBe(true), { timeout: 10_000 });
    outgoing.destroy();
    await expect(answered).rejects.toThrow();
    await vi.waitFor(() => expect(aborted).toBe(true), { timeout: 10_000 });
  });

  it('are answered by the edge itself when they are about its health', async () => {
    const url = await behind(echoHeaders);
    expect(await (await fetch(`${url}/health/live`)).json()).toEqual({ status: 'live' });
  });
});

describe('a service that is not there', () => {
  const problem = { status: 502, code: 'upstream_unavailable' };

  it('is a problem document, and is there again when it is', async () => {
    const url = await behind(echoHeaders);
    const port = upstream?.port;
    expect((await fetch(`${url}/v1/x`)).status).toBe(200);
    await upstream?.close();
    const refused = await fetch(`${url}/v1/x`);
    expect(refused.headers.get('content-type')).toBe('application/problem+json');
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(await refused.json()).toMatchObject(problem);
    upstream = await startUpstream(echoHeaders, port);
    await vi.waitFor(async () => expect((await fetch(`${url}/v1/x`)).status).toBe(200), { timeout: 10_000 });
  });

  it('is one too when it ends before it answers, or is silent for too long', async () => {
    const url = await behind(
      (request) => {
        if (request.url === '/v1/dies') request.socket.destroy();
      },
      { silenceMs: 200 },
    );
    for (const path of ['/v1/dies', '/v1/silent']) {
      expect(await (await fetch(`${url}${path}`)).json()).toMatchObject(problem);
    }
  });

  it('cuts the answer in whose middle it dies, so that nobody takes it for whole', async () => {
    const url = await behind((_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half');
      setTimeout(() => response.destroy(), 20);
    });
    await expect(fetch(`${url}/v1/x`).then((response) => response.text())).rejects.toThrow();
  });
});

describe('server-sent events', () => {
  it('arrive one by one, the head before the first, and the stream ends with its client', async () => {
    let stream: ServerResponse | undefined;
    const url = await behind((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.flushHeaders();
      stream = response;
    });
    const { outgoing, answered } = open(`${url}/v1/events`);
    outgoing.end();
    const answer: IncomingMessage = await answered;
    expect(answer.headers['content-type']).toBe('text/event-stream');
    for (const event of ['data: 1\n\n', 'data: 2\n\n']) {
      const arrived = once(answer, 'data');
      stream?.write(event);
      expect(String((await arrived)[0])).toBe(event);
    }
    outgoing.destroy();
    answer.on('error', () => {});
    await vi.waitFor(() => expect(stream?.destroyed).toBe(true), { timeout: 10_000 });
  });
});

it('ends event streams as whole answers when it stops, while the service behind goes on', async () => {
  const url = await behind((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: 1\n\n');
  });
  const response = await fetch(`${url}/v1/events`);
  edge?.endStreams();
  expect(await response.text()).toBe('data: 1\n\n');
});

describe('WebSockets', () => {
  async function live(): Promise<{ url: string; sockets: WebSocketServer }> {
    const url = await behind((_request, response) => response.writeHead(404).end());
    const sockets = new WebSocketServer({ noServer: true });
    upstream?.server.on('upgrade', (request, socket, head) => {
      if (request.url === '/v1/realtime?refuse') {
        socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno');
        return;
      }
      sockets.handleUpgrade(request, socket, head, (client) => {
        client.on('message', (data, isBinary) => client.send(data, { binary: isBinary }));
        client.on('close', (code, reason) => closes.push(`${code} ${reason.toString()}`));
        opened.push(client);
      });
    });
    return { url: url.replace('http', 'ws'), sockets };
  }
  const closes: string[] = [];
  const opened: WebSocket[] = [];
  afterEach(() => {
    closes.length = 0;
    opened.length = 0;
  });

  it('pass frames both ways and keep close codes, whoever closes', async () => {
    const { url } = await live();
    const first = new WebSocket(`${url}/v1/realtime`);
    await once(first, 'open');
    first.send('hello');
    expect(String((await once(first, 'message'))[0])).toBe('hello');
    opened[0]?.close(4008, 'slow-consumer');
    const [code, reason] = await once(first, 'close');
    expect(`${code} ${reason}`).toBe('4008 slow-consumer');

    const second = new WebSocket(`${url}/v1/realtime`);
    await once(second, 'open');
    second.close(4100, 'bye');
    await vi.waitFor(() => expect(closes).toContain('4100 bye'), { timeout: 10_000 });
  });

  it('end on the other side when one side is torn down', async () => {
    const { url } = await live();
    const client = new WebSocket(`${url}/v1/realtime`);
    await once(client, 'open');
    client.terminate();
    await vi.waitFor(() => expect(closes).toEqual(['1006 ']), { timeout: 10_000 });

    const other = new WebSocket(`${url}/v1/realtime`);
    await once(other, 'open');
    opened[1]?.terminate();
    expect((await once(other, 'close'))[0]).toBe(1006);
  });

  it('pass a refusal on as it is', async () => {
    const { url } = await live();
    const client = new WebSocket(`${url}/v1/realtime?refuse`);
    client.on('error', () => {});
    const [, answer] = await once(client, 'unexpected-response');
    expect(answer.statusCode).toBe(403);
  });

  it('are answered 502 while the gateway is down, and pass again after its restart', async () => {
    const { url } = await live();
    const port = upstream?.port;
    await upstream?.close();
    const client = new WebSocket(`${url}/v1/realtime`);
    client.on('error', () => {});
    const [, answer] = await once(client, 'unexpected-response');
    expect(answer.statusCode).toBe(502);
    upstream = await startUpstream((_request, response) => response.end(), port);
    const sockets = new WebSocketServer({ server: upstream.server });
    const again = new WebSocket(`${url}/v1/realtime`);
    await once(again, 'open');
    again.terminate();
    sockets.close();
  });
});
