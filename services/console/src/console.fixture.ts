import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, request, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Log, LogTail } from '@belfry/core/log';
import { createEmbeddedLog } from '@belfry/log-embedded';
import { RECEIPTS_TOPIC } from '@belfry/protocol/log-topics';
import { createProviderSimulator } from '@belfry/provider-simulator';
import { createHttpHost, createLogger, createMetrics, createSystemRandom } from '@belfry/runtime';
import { realClock } from '@belfry/testing/real-clock';
import { createConsole } from './console.ts';

export const API_KEY = 'bk_test_0123456789abcdefghijklmnopqrstuvwxyz';
export const CONSOLE_ORIGIN = 'https://console.example';

export type Answer = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
};

export type Asked = {
  readonly method: string;
  readonly url: string;
  readonly authorization: string | undefined;
  readonly body: string;
};

export type TestConsole = {
  readonly port: number;
  readonly log: Log;
  /** How many tails of the log are open. */
  tails(): number;
  /** What reached the API behind, in order. */
  readonly asked: Asked[];
  /** What the API behind answers from now on; undefined: it is down. */
  answerWith(answer: { readonly status: number; readonly body: string } | undefined): Promise<void>;
  /** A request with any path and any headers, as no browser would let a page make it. */
  call(method: string, path: string, headers?: Record<string, string>, body?: unknown): Promise<Answer>;
  /** The headers of the page itself: its session, its Host, its Origin. */
  pageHeaders(): Promise<Record<string, string>>;
  stop(): Promise<void>;
};

/** The console on a real host, over a real log and the real simulator, in front of an API that notes what it is asked. */
export async function startConsole(): Promise<TestConsole> {
  const directory = await mkdtemp(join(tmpdir(), 'belfry-console-'));
  const log = await createEmbeddedLog({
    directory,
    clock: realClock,
    onFatal: (error) => {
      throw error;
    },
  });
  const topic = { name: RECEIPTS_TOPIC, partitions: 1, retentionMs: 60_000, groups: [] };
  await log.ensureTopics([topic]);
  let tails = 0;
  const watchedLog: Pick<Log, 'tail'> = {
    async tail(...rest): Promise<LogTail> {
      const tail = await log.tail(...rest);
      tails += 1;
      return {
        async close() {
          tails -= 1;
          await tail.close();
        },
      };
    },
  };

  const asked: Asked[] = [];
  let answer = { status: 200, body: '{}' };
  const api = createServer((incoming, outgoing) => {
    let body = '';
    incoming.on('data', (chunk) => {
      body += chunk;
    });
    incoming.on('end', () => {
      const { method = '', url = '', headers } = incoming;
      asked.push({ method, url, authorization: headers.authorization, body });
      outgoing.writeHead(answer.status, { 'content-type': 'application/json', 'retry-after': '7' }).end(answer.body);
    });
  });
  const apiPort = await listen(api, 0);

  const host = await createHttpHost({
    host: '127.0.0.1',
    port: 0,
    logger: createLogger({ level: 'fatal' }),
    metrics: createMetrics({ processMetrics: false }),
    clock: realClock,
    allowedOrigins: ['http://localhost:9'],
    title: 'test',
    version: '1',
    bodyLimitBytes: 65_536,
  });
  const services = createConsole({
    http: host.app,
    apiUrl: () => `http://127.0.0.1:${apiPort}`,
    apiKey: API_KEY,
    tenant: 'default',
    sessionSecret: 'a secret for tests',
    allowedOrigins: [CONSOLE_ORIGIN],
    log: watchedLog,
    clock: realClock,
    random: createSystemRandom(),
    simulator: createProviderSimulator({ clock: realClock }),
  });
  for (const service of [...services, host.service]) await service.start();
  const port = Number(new URL(host.url()).port);
  const call: TestConsole['call'] = (method, path, headers = {}, body?) => send(port, method, path, headers, body);

  return {
    port,
    log,
    tails: () => tails,
    asked,
    call,
    async answerWith(next) {
      if (next !== undefined) answer = next;
      if (next === undefined) await close(api);
      else if (!api.listening) await listen(api, apiPort);
    },
    async pageHeaders() {
      const host = `localhost:${port}`;
      const page = await call('GET', '/', { host });
      const cookie = page.headers['set-cookie']?.[0]?.split(';')[0] ?? '';
      return { host, cookie, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' };
    },
    async stop() {
      for (const service of [host.service, ...services]) await service.stop();
      await close(api);
      await log.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function send(
  port: number,
  method: string,
  path: string,
  headers: Record<string, string>,
  body: unknown,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const text = body === undefined ? '' : JSON.stringify(body);
    const json = text === '' ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
    const outgoing = request(
      { host: '127.0.0.1', port, method, path, headers: { ...json, ...headers } },
      (incoming) => {
        let text = '';
        incoming.on('data', (chunk) => {
          text += chunk;
        });
        incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text }));
      },
    );
    outgoing.on('error', reject);
    outgoing.end(text);
  });
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.closeAllConnections();
    server.close(() => resolve());
  });
}
