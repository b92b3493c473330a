import { createHmac } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DeviceValidation } from '@belfry/core/channel';
import type { Clock } from '@belfry/core/clock';
import type { Log, NewLogRecord } from '@belfry/core/log';
import { LANES } from '@belfry/core/notification';
import { type ApiKey, SCOPES, type Scope } from '@belfry/core/store/credentials';
import type { Store } from '@belfry/core/store/store';
import { createAccept, createRealtimeState, createReceiptFeed } from '@belfry/dispatch';
import { createEmbeddedLog } from '@belfry/log-embedded';
import { LIMITS } from '@belfry/protocol/limits';
import { jobsTopic, RECEIPTS_TOPIC } from '@belfry/protocol/log-topics';
import {
  createAckTokens,
  createApiKey,
  createAuthentication,
  createHttpHost,
  createLogger,
  createMetrics,
  createSystemClock,
  createSystemRandom,
  createTokenVerifier,
  hashSecret,
} from '@belfry/runtime';
import { createSqliteStore } from '@belfry/store/sqlite';
import { createProducerApi } from './producer-api.ts';

export const COOKIE_SECRET = 'signs ack tokens in tests';
const JWT_SECRET = 'a secret for tests that is long enough';
const DAY_MS = 24 * 60 * 60 * 1_000;

export type CallOptions = {
  /** An API key or a user token. */
  readonly as?: string;
  /** Sent as JSON; a string or bytes are sent as they are. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
};

export type Answer = {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly json: any;
};

type Obstacle = (logTopic: string) => Promise<void>;

export type TestApi = {
  readonly url: string;
  readonly store: Store;
  /** Everything that was appended to the log and confirmed. */
  readonly appended: { readonly logTopic: string; readonly record: NewLogRecord }[];
  /** Puts something in front of the log's append; undefined takes it away. */
  breakLog(obstacle: Obstacle | undefined): void;
  /** Lets everything but timers believe that so much time has passed. */
  advance(ms: number): void;
  /** Makes an API key. All scopes unless told otherwise. */
  apiKey(tenant: string, scopes?: readonly Scope[]): Promise<string>;
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
  stop(): Promise<void>;
};

/** The API as it runs: a host on a socket, the embedded store and log. Only the providers' address checks are replaced. */
export async function startApi(): Promise<TestApi> {
  const directory = await mkdtemp(join(tmpdir(), 'belfry-api-'));
  let aheadMs = 0;
  const systemClock = createSystemClock();
  const clock: Clock = { ...systemClock, nowMs: () => systemClock.nowMs() + aheadMs };
  const random = createSystemRandom();
  const metrics = createMetrics({ processMetrics: false });
  const onFatal = (error: Error) => {
    throw error;
  };
  const store = await createSqliteStore({ directory: join(directory, 'store'), clock, onFatal });
  const embedded = await createEmbeddedLog({ directory: join(directory, 'log'), clock, onFatal, minFreeBytes: 1 });
  const topics = [...LANES.map(jobsTopic), RECEIPTS_TOPIC];
  await embedded.ensureTopics(topics.map((name) => ({ name, partitions: 4, retentionMs: DAY_MS, groups: [] })));

  const appended: TestApi['appended'] = [];
  let obstacle: Obstacle | undefined;
  const log: Log = {
    ...embedded,
    async append(logTopic, records) {
      // Receipts of earlier requests come when they like, and would wait for ever for one that never ends.
      if (logTopic !== RECEIPTS_TOPIC) await obstacle?.(logTopic);
      const positions = await embedded.append(logTopic, records);
      appended.push(...records.map((record) => ({ logTopic, record })));
      return positions;
    },
  };

  const host = await createHttpHost({
    host: '127.0.0.1',
    port: 0,
    logger: createLogger({ level: 'silent' }),
    metrics,
    clock,
    allowedOrigins: ['https://app.example'],
    title: 'Belfry',
    version: '0.1.0',
    bodyLimitBytes: LIMITS.bodyBytes,
  });
  const receipts = createReceiptFeed({ log, clock });
  const tokens = await createTokenVerifier({ keys: [{ kind: 'secret', secret: JWT_SECRET }] }, clock);
  const services = [
    ...createProducerApi({
      http: host.app,
      store,
      clock,
      random,
      metrics,
      ackTokens: createAckTokens(COOKIE_SECRET),
      authentication: createAuthentication({ keys: store, clock, metrics, tokens }),
      accept: createAccept({ store, log, clock, random, appendDeadlineMs: 2_000 }),
      receipts,
      realtime: createRealtimeState(store, receipts),
      channels: {
        webpush: { validateDevice: async (input) => validateSubscription(input) },
        fcm: { validateDevice: async (input) => validateToken(input) },
      },
      webPushKey: { publicKey: 'BPublicKey', keyId: 'k1' },
    }),
    host.service,
  ];
  for (const service of services) await service.start();
  const url = host.url();
  const apiKeys: ApiKey[] = [];

  return {
    url,
    store,
    appended,
    breakLog(next) {
      obstacle = next;
    },
    advance(ms) {
      aheadMs += ms;
    },
    async apiKey(tenant, scopes = SCOPES) {
      const id = `k${apiKeys.length + 1}`;
      const key = createApiKey(id, random);
      apiKeys.push({ id, tenant, secretHash: hashSecret(key), scopes, expiresAtMs: undefined });
      await store.setApiKeys(apiKeys);
      return key;
    },
    call: (method, path, options) => call(`${url}${path}`, method, options),
    async stop() {
      for (const service of services.toReversed()) await service.drain?.(AbortSignal.timeout(5_000));
      for (const service of services.toReversed()) await service.stop();
      await embedded.close();
      await store.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A token of that user, good for an hour. */
export function userToken(user: string, tenant = 'default'): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const exp = Math.floor(Date.now() / 1_000) + 3_600;
  const content = `${encode({ alg: 'HS256' })}.${encode({ sub: user, tenant, exp })}`;
  return `${content}.${createHmac('sha256', JWT_SECRET).update(content).digest('base64url')}`;
}

async function call(url: string, method: string, options: CallOptions = {}): Promise<Answer> {
  const { as, body, headers } = options;
  const raw = typeof body === 'string' || body instanceof Uint8Array;
  const response = await fetch(url, {
    method,
    headers: {
      ...(as === undefined ? {} : { authorization: `Bearer ${as}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: raw ? (body as string) : JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') ?? false;
  return { status: response.status, headers: response.headers, text, json: isJson ? JSON.parse(text) : undefined };
}

function validateSubscription(input: unknown): DeviceValidation {
  const { endpoint, keys } = input as { endpoint: string; keys: { p256dh: string; auth: string } };
  if (!endpoint.startsWith('https://push.example/')) {
    return { ok: false, field: '/endpoint', detail: 'the host is not an allowed push service' };
  }
  return { ok: true, address: { channel: 'webpush', address: { endpoint, ...keys, keyId: 'k1' } } };
}

function validateToken(input: unknown): DeviceValidation {
  const { token } = input as { token: string };
  if (token.includes(' ')) return { ok: false, field: '/token', detail: 'must not have blanks' };
  return { ok: true, address: { channel: 'fcm', address: { token } } };
}
