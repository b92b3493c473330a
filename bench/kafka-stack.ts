import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findKafkaLauncher } from '@belfry/testing/launch-kafka';
import { findPostgresLauncher } from '@belfry/testing/launch-postgres';
import { findRedisLauncher } from '@belfry/testing/launch-redis';
import { startProcessStack } from '@belfry/testing/process-stack';
import { BENCH_API_KEY, BENCH_RATE_LIMIT } from './bench-api-key.ts';
import { metricSum } from './metric-sum.ts';
import { needed } from './needed.ts';

export type KafkaStack = {
  /** Of the API. */
  readonly api: string;
  /** Of the gateway. */
  readonly realtime: string;
  readonly brokers: readonly string[];
  readonly postgresUrl: string;
  readonly redisUrl: string;
  /** CPU seconds of all services until now, without the servers they use. */
  cpuSeconds(): Promise<number>;
  /** Ends services and servers, and removes their data. */
  stop(): Promise<void>;
};

/**
 * Every service that has to do with a notification, as a process of its own, on a Kafka, a PostgreSQL (with its default durability) and a Redis of their
 * own. Clients connect straight to the API and the gateway: a proxy before them is the installation's affair.
 */
export async function startKafkaStack(backplane: 'redis' | 'kafka'): Promise<KafkaStack> {
  const launchKafka = needed('Kafka', await findKafkaLauncher());
  const launchPostgres = needed('PostgreSQL', await findPostgresLauncher());
  const launchRedis = needed('Redis', await findRedisLauncher());
  const [kafka, postgres, redis] = await Promise.all([
    launchKafka({ heapMiB: 1_024 }),
    launchPostgres(),
    launchRedis(),
  ]);
  const directory = mkdtempSync(path.join(tmpdir(), 'belfry-bench-'));
  let isStarted = false;
  const stack = await startProcessStack({
    directory,
    kafkaBrokers: kafka.brokers,
    postgresUrl: postgres.url,
    redisUrl: backplane === 'redis' ? redis.url : undefined,
    scale: { console: 0, invoices: 0, edge: 0 },
    env: { BELFRY_API_KEY: BENCH_API_KEY, ...BENCH_RATE_LIMIT },
    onLine(name, line) {
      // Clients complain for as long as a new broker has no coordinators.
      if (isStarted) console.error(`${name}: ${line}`);
    },
    onDied(name, how) {
      console.error(`${name} has ended: ${how}`);
      process.exit(1);
    },
  });
  isStarted = true;
  const urlOf = (service: 'producer-api' | 'realtime-gateway'): string => stack.of(service)[0]?.url ?? '';
  return {
    api: urlOf('producer-api'),
    realtime: urlOf('realtime-gateway'),
    brokers: kafka.brokers,
    postgresUrl: postgres.url,
    redisUrl: redis.url,
    async cpuSeconds() {
      const seconds = stack.services.map(({ url }) => metricSum(url, 'process_cpu_seconds_total'));
      return (await Promise.all(seconds)).reduce((sum, each) => sum + each, 0);
    },
    async stop() {
      await stack.stop();
      await Promise.all([kafka.stop(), postgres.stop(), redis.stop()]);
      rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
