import type { ConnectionOptions } from 'node:tls';
import type { Cancel } from '@belfry/core/clock';
import { Redis } from 'ioredis';
import { parseRedisUrl } from './redis-address.ts';
import type { RedisBackplaneOptions } from './redis-options.ts';

/** One connection that comes back by itself until it is closed. */
export type RedisConnection = {
  readonly client: Redis;
  isReady(): boolean;
  /** Resolves once commands can be sent, or when the connection is closed for good. */
  ready(): Promise<void>;
  /** Resolves when the first attempt to connect has succeeded or failed. */
  attempted(): Promise<void>;
  /** Connects, where that has not happened yet. */
  open(): void;
  close(): void;
};

export type RedisConnectionEvents = {
  readonly onReady?: () => void;
  readonly onLost?: () => void;
  /** The connection is up and was just asked for a sign of life. */
  readonly onCheck?: () => void;
};

const CONNECT_TIMEOUT_MS = 5_000;
const ANSWER_TIMEOUT_MS = 5_000;
const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 5_000;

export function createRedisConnection(
  role: 'publisher' | 'subscriber',
  options: RedisBackplaneOptions,
  events: RedisConnectionEvents = {},
): RedisConnection {
  const { clock, random, logger, answerTimeoutMs = ANSWER_TIMEOUT_MS } = options;
  const { isTls, ...address } = parseRedisUrl(options.url);
  if (options.tls !== undefined && !isTls) {
    throw new Error('TLS options for Redis need a URL that begins with rediss://');
  }
  const tls: ConnectionOptions = { ...options.tls };
  const client = new Redis({
    ...address,
    ...(isTls ? { tls } : {}),
    connectionName: `belfry-backplane-${role}`,
    lazyConnect: true,
    connectTimeout: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    // Only while an answer is owed. It is what notices a peer that is gone without a word, in the handshake too.
    socketTimeout: answerTimeoutMs,
    // A hint of before an outage is of no use after it; and a command that ioredis would send again must not wait unanswered until then.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    // Its own way of subscribing again leaves a rejected promise where the connection is lost meanwhile, which ends the process.
    autoResubscribe: false,
    retryStrategy: (attempt) => reconnectAfterMs(attempt, random.next()),
  });

  const closed = Promise.withResolvers<void>();
  const attempted = Promise.withResolvers<void>();
  let ready = Promise.withResolvers<void>();
  let isReady = false;
  let isClosed = false;
  let isOutage = false;
  let lastError: string | undefined;
  let cancelCheck: Cancel | undefined;

  const check = (): void => {
    cancelCheck = clock.schedule(answerTimeoutMs, check);
    if (!isReady) return;
    // A failed ping ends the connection, and `close` tells of that.
    client.ping().catch(() => undefined);
    events.onCheck?.();
  };

  client.on('error', (error: Error) => {
    // The message alone: the error of a refused AUTH carries the command with its password.
    lastError = error.message;
  });
  client.on('ready', () => {
    isReady = true;
    ready.resolve();
    attempted.resolve();
    if (isOutage) logger.info({ role }, 'backplane: the connection to Redis is back');
    isOutage = false;
    lastError = undefined;
    events.onReady?.();
  });
  client.on('close', () => {
    attempted.resolve();
    if (isReady) {
      isReady = false;
      ready = Promise.withResolvers();
      events.onLost?.();
    }
    if (isClosed || isOutage) return;
    isOutage = true;
    logger.warn(
      { role, reason: lastError ?? 'connection closed' },
      'backplane: no connection to Redis; heartbeats deliver what hints do not, until it is back',
    );
  });

  return {
    client,
    isReady: () => isReady,
    ready: () => Promise.race([ready.promise, closed.promise]),
    attempted: () => attempted.promise,
    open() {
      if (client.status !== 'wait' || isClosed) return;
      // A failure is told by `close`.
      client.connect().catch(() => undefined);
      cancelCheck = clock.schedule(answerTimeoutMs, check);
    },
    close() {
      isClosed = true;
      isReady = false;
      cancelCheck?.();
      client.disconnect();
      closed.resolve();
      attempted.resolve();
    },
  };
}

/** Doubling up to 5 s, half of it random: processes that lost the server together do not come back together. `share` is in [0, 1). */
export function reconnectAfterMs(attempt: number, share: number): number {
  const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(attempt, 10));
  return Math.round(longest * (0.5 + share / 2));
}
