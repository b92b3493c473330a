import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findKafka } from '@belfry/testing/find-kafka';
import { findPostgres } from '@belfry/testing/find-postgres';
import { findRedis } from '@belfry/testing/find-redis';
import type { Found } from '@belfry/testing/need';
import { type ProcessStack, startProcessStack } from '@belfry/testing/process-stack';
import { Kafka, logLevel } from 'kafkajs';
import { type Belfry, type LaunchOptions, TEST_JWT_SECRET, TEST_KEY } from './belfry.ts';

export type BelfryProcesses = Belfry & { readonly stack: ProcessStack };

const OUTPUT_LINES_MAX = 2_000;

/**
 * Every service in a process of its own, behind the edge, on a Kafka, a PostgreSQL and a Redis that others use, too: topics, schema and channels have a name of their own, which is
 * kept in the data folder, so that a second launch there finds what the first one left.
 */
export async function launchProcesses(options: LaunchOptions): Promise<BelfryProcesses> {
  const [kafka, postgres, redis] = await Promise.all([findKafka(), findPostgres(), findRedis()]);
  const { brokers } = needed('Kafka', kafka);
  const { url: postgresUrl } = needed('PostgreSQL', postgres);
  const redisUrl = redis.ok ? redis.value.url : undefined;
  const dataDirectory = options.dataDirectory ?? mkdtempSync(join(tmpdir(), 'belfry-e2e-'));
  mkdirSync(dataDirectory, { recursive: true });
  const name = keptName(join(dataDirectory, 'stack-name'));
  const lines: string[] = [];
  const startedMs = performance.now();
  const stack = await startProcessStack({
    directory: dataDirectory,
    kafkaBrokers: brokers,
    postgresUrl,
    redisUrl,
    name,
    port: options.port,
    // Behind the edge nobody knows on which of them a user is.
    scale: { 'realtime-gateway': 2 },
    env: {
      BELFRY_API_KEY: TEST_KEY,
      BELFRY_JWT_SECRET: TEST_JWT_SECRET,
      // After a kill of all of them, the broker waits this long for the members that were.
      KAFKA_SESSION_TIMEOUT: '10s',
      ...options.env,
    },
    onLine: (name, line) => {
      lines.push(`${name}: ${line}`);
      if (lines.length > OUTPUT_LINES_MAX) lines.shift();
    },
    onDied: (name, how) => lines.push(`${name} has ended: ${how}`),
  });
  const readyAfterMs = performance.now() - startedMs;
  let ended: Promise<number | null> | undefined;
  const end = (signal: NodeJS.Signals): Promise<number | null> => {
    ended ??= stack.stop(signal === 'SIGKILL' ? 'SIGKILL' : 'SIGTERM').then(worst);
    return ended;
  };
  return {
    url: stack.url,
    port: stack.port,
    pid: stack.of('edge')[0]?.pid() ?? 0,
    dataDirectory,
    readyAfterMs,
    output: () => lines.join('\n'),
    end,
    stop: async () => {
      await end('SIGTERM');
      if (options.dataDirectory !== undefined) return;
      rmSync(dataDirectory, { recursive: true, force: true });
      await removeTopics(brokers, `${name}.`);
    },
    stack,
  };
}

/** What one process alone would have said of all of them. */
function worst(codes: Readonly<Record<string, number | null>>): number | null {
  const values = Object.values(codes);
  return values.includes(null) ? null : Math.max(...(values as number[]));
}

function needed<T>(name: string, found: Found<T>): T {
  if (found.ok) return found.value;
  throw new Error(`BELFRY_STACK=processes needs ${name}: ${found.reason}`);
}

function keptName(file: string): string {
  if (!existsSync(file)) writeFileSync(file, `e2e-${randomUUID().slice(0, 8)}`);
  return readFileSync(file, 'utf8');
}

/** So that the broker of a whole run does not fill up with the partitions of every launch. */
export async function removeTopics(brokers: readonly string[], prefix: string): Promise<void> {
  const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    const topics = (await admin.listTopics()).filter((topic) => topic.startsWith(prefix));
    await admin.deleteTopics({ topics });
  } finally {
    await admin.disconnect();
  }
}
