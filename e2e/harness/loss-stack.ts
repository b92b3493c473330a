import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@belfry/testing/free-port';
import { findKafkaLauncher, type LaunchedKafka, type LaunchKafka } from '@belfry/testing/launch-kafka';
import { findPostgresLauncher, type LaunchPostgres } from '@belfry/testing/launch-postgres';
import { findRedisLauncher, type LaunchRedis } from '@belfry/testing/launch-redis';
import type { Found } from '@belfry/testing/need';
import { type ProcessStack, startProcessStack } from '@belfry/testing/process-stack';
import { type FaultyProxy, findToxiproxy, startToxiproxy } from '@belfry/testing/toxiproxy';
import { TEST_JWT_SECRET, TEST_KEY } from './belfry.ts';
import { WORKERS } from './fault-plan.ts';
import { type Providers, startProviders } from './providers.ts';

/** What a stack that is to be broken is made with. */
export type LossTools = {
  readonly launchKafka: LaunchKafka;
  readonly launchPostgres: LaunchPostgres;
  readonly launchRedis: LaunchRedis;
  /** Command of toxiproxy. */
  readonly toxiproxy: string;
};

export type LossStack = {
  readonly url: string;
  readonly stack: ProcessStack;
  readonly broker: LaunchedKafka;
  /** Between all services and the broker. */
  readonly proxy: FaultyProxy;
  readonly providers: Providers;
  /** Processes that ended though nobody asked them to: how, and what they had to say. */
  readonly died: readonly string[];
};

/** Sends that one worker process has under way at most. */
const PUSH_CONCURRENCY = 32;
/** Worker processes of each channel that work; one more is there for when it is scaled. */
export const WORKERS_EACH = 3;
/** The shortest that brokers allow by default. */
export const SESSION_TIMEOUT_MS = 6_000;
const OUTPUT_LINES_MAX = 20;
/** Messages that each provider keeps; the run looks at each as it comes. */
const KEEP_MESSAGES = 1_000;

export async function findLossTools(): Promise<Found<LossTools>> {
  const [kafka, postgres, redis] = await Promise.all([
    findKafkaLauncher(),
    findPostgresLauncher(),
    findRedisLauncher(),
  ]);
  const toxiproxy = findToxiproxy();
  if (!kafka.ok) return kafka;
  if (!postgres.ok) return postgres;
  if (!redis.ok) return redis;
  if (!toxiproxy.ok) return toxiproxy;
  return {
    ok: true,
    value: {
      launchKafka: kafka.value,
      launchPostgres: postgres.value,
      launchRedis: redis.value,
      toxiproxy: toxiproxy.value,
    },
  };
}

/** Every service in processes of its own, several of those that share work, on a broker, a PostgreSQL and a Redis of their own; `ending` takes it down. */
export async function startLossStack(tools: LossTools, ending: AsyncDisposableStack): Promise<LossStack> {
  const providers = await startProviders({ keep: KEEP_MESSAGES });
  ending.defer(() => providers.stop());
  const directory = mkdtempSync(join(tmpdir(), 'belfry-loss-'));
  ending.defer(() => rmSync(directory, { recursive: true, force: true }));
  const toxiproxy = await startToxiproxy(tools.toxiproxy);
  ending.defer(() => toxiproxy.stop());
  const port = await freePort();
  const [broker, postgres, redis] = await Promise.all([
    tools.launchKafka({ advertised: `127.0.0.1:${port}` }),
    tools.launchPostgres(),
    tools.launchRedis(),
  ]);
  ending.defer(async () => void (await Promise.all([broker.stop(), postgres.stop(), redis.stop()])));
  const proxy = await toxiproxy.createProxy({ port, upstream: `127.0.0.1:${broker.port}` });
  const died: string[] = [];
  const lines = new Map<string, string[]>();
  const stack = await startProcessStack({
    directory,
    kafkaBrokers: broker.brokers,
    postgresUrl: postgres.url,
    redisUrl: redis.url,
    scale: {
      'webpush-worker': WORKERS_EACH + 1,
      'fcm-worker': WORKERS_EACH + 1,
      router: 2,
      'producer-api': 2,
      'realtime-gateway': 2,
      console: 0,
      invoices: 0,
      'provider-simulator': 0,
    },
    env: {
      ...providers.env,
      BELFRY_API_KEY: TEST_KEY,
      BELFRY_JWT_SECRET: TEST_JWT_SECRET,
      BELFRY_SIMULATOR_URL: '',
      BELFRY_RETRY_WEBPUSH: '300ms,500ms,1s',
      BELFRY_RETRY_FCM: '10s,10s',
      BELFRY_PUSH_CONCURRENCY: String(PUSH_CONCURRENCY),
      KAFKA_SESSION_TIMEOUT: `${SESSION_TIMEOUT_MS}ms`,
    },
    onLine: (name, line) => {
      const kept = lines.get(name) ?? [];
      kept.push(line);
      if (kept.length > OUTPUT_LINES_MAX) kept.shift();
      lines.set(name, kept);
    },
    onDied: (name, how) => died.push([`${name}: ${how}`, ...(lines.get(name) ?? [])].join('\n')),
  });
  // At once: there is nothing that a service could keep, and the broker ends next.
  ending.defer(async () => void (await stack.stop('SIGKILL')));
  await Promise.all(WORKERS.map(async (service) => stack.of(service)[WORKERS_EACH]?.kill('SIGTERM')));
  return { url: stack.url, stack, broker, proxy, providers, died };
}
