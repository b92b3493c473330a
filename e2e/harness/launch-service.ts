import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { freePort } from '@belfry/testing/free-port';
import { startNodeProcess } from '@belfry/testing/node-process';

export type LaunchedService = {
  readonly url: string;
  /** All it has printed so far. */
  output(): string;
  /** SIGTERM unless another signal is given, and the end of the process. */
  stop(signal?: NodeJS.Signals): Promise<void>;
};

const READY_WITHIN_MS = 60_000;

export type SharedEnv = {
  readonly brokers: readonly string[];
  readonly postgresUrl: string;
  /** Before the names of topics and groups, so that several installations share the servers. */
  readonly prefix: string;
  /** Folder of the shared secrets, made by `services/keys`. */
  readonly keys: string;
};

/** What the services of one installation have in common: a broker, a schema of its own, and `orders-events` as the input topic of the tenant `default`. */
export function serviceEnv({ brokers, postgresUrl, prefix, keys }: SharedEnv): Readonly<Record<string, string>> {
  return {
    KAFKA_BROKERS: brokers.join(','),
    KAFKA_TOPIC_PREFIX: prefix,
    KAFKA_TOPIC_PARTITIONS: '2',
    KAFKA_REPLICATION_FACTOR: '1',
    KAFKA_MIN_INSYNC_REPLICAS: '1',
    POSTGRES_URL: postgresUrl,
    POSTGRES_SCHEMA: `e2e_${randomUUID().replaceAll('-', '')}`,
    BELFRY_BACKPLANE: 'kafka',
    BELFRY_KEYS: keys,
    BELFRY_INPUT_TOPICS: 'orders-events=default',
  };
}

/** The program of a service. */
export function mainOf(name: string): string {
  return fileURLToPath(new URL(`../../services/${name}/src/main.ts`, import.meta.url));
}

/** Starts one service as a process of its own, on a free port, and waits until it is ready. */
export async function launchService(name: string, env: Readonly<Record<string, string>>): Promise<LaunchedService> {
  const port = await freePort();
  const lines: string[] = [];
  const started = startNodeProcess({
    name,
    main: mainOf(name),
    url: `http://127.0.0.1:${port}`,
    env: { ...process.env, PORT: String(port), ...env },
    onLine: (line) => lines.push(line),
  });
  const stop = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<void> => void (await started.kill(signal));
  try {
    await started.ready(READY_WITHIN_MS);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: started.url, output: () => lines.join('\n'), stop };
}
