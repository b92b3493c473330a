import type { Backplane } from '@belfry/core/backplane';
import type { Clock } from '@belfry/core/clock';
import type { Log } from '@belfry/core/log';
import type { Random } from '@belfry/core/random';
import type { Service } from '@belfry/core/service';
import type { Store } from '@belfry/core/store/store';
import { ROUTER_GROUP } from '@belfry/protocol/log-topics';
import type { ConfigValues, Logger } from '@belfry/runtime';
import { createBackendProbe } from './backend-probe.ts';
import { kafkaSasl, kafkaTls } from './kafka-security.ts';
import { logTopics } from './log-topics.ts';
import type { backplaneOptions } from './options/backplane-options.ts';
import type { kafkaOptions } from './options/kafka-options.ts';
import type { postgresOptions } from './options/postgres-options.ts';
import { readSecret, readSecretFile } from './options/secret-option.ts';
import { waitFor } from './wait-for.ts';

export type Backends = { readonly log: Log; readonly store: Store; readonly backplane: Backplane };
export type BackendName = keyof Backends;

/** The values that opening needs; a table that lacks a group of them has no business opening its backend. */
export type BackendConfig = Partial<
  ConfigValues<typeof kafkaOptions> & ConfigValues<typeof postgresOptions> & ConfigValues<typeof backplaneOptions>
> & { readonly BELFRY_START_WAIT: number };

export type OpenBackendsOptions = {
  /** Name of the service, for brokers' logs. */
  readonly name: string;
  readonly needs: readonly BackendName[];
  /** The backplane is for telling gateways, not for listening: no hint comes in. */
  readonly publishOnly: boolean;
  /** Their outage does not take readiness away. */
  readonly dispensable: readonly BackendName[];
  readonly config: BackendConfig;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** A backend is beyond repair: the process must end. */
  readonly onFatal: (error: Error) => void;
};

export type OpenedBackends = {
  readonly backends: Partial<Backends>;
  /** They close the backends on stop, and say when one does not answer. First in the list of services. */
  readonly services: readonly Service[];
};

/**
 * Opens what the service needs and nothing else, each client library being loaded only then. Waits for Kafka and PostgreSQL as `BELFRY_START_WAIT` says; Redis may come
 * later, as hints can be missed. Rejects, in words for an operator, when one cannot be opened.
 */
export async function openBackends(options: OpenBackendsOptions): Promise<OpenedBackends> {
  const { config, needs, dispensable } = options;
  const kind = needs.includes('backplane') ? backplaneKind(config) : undefined;
  const [store, log] = await Promise.all([
    needs.includes('store') ? openStore(options) : undefined,
    needs.includes('log') || kind === 'kafka' ? openLog(options, kind === 'kafka') : undefined,
  ]);
  const backplane = kind && (await openBackplane(kind, log, options));
  const { clock, logger } = options;
  const services: Service[] = [];
  if (store !== undefined) {
    services.push(closing('store', () => store.close()));
    const decides = !dispensable.includes('store');
    services.push(createBackendProbe({ name: 'PostgreSQL', ask: () => store.epoch(), decides, clock, logger }));
  }
  if (log !== undefined) {
    services.push(closing('log', () => log.close()));
    const decides = needs.includes('log') && !dispensable.includes('log');
    services.push(createBackendProbe({ name: 'Kafka', ask: () => log.lag(ROUTER_GROUP), decides, clock, logger }));
  }
  if (backplane !== undefined) services.push(closing('backplane', () => backplane.close()));
  return {
    backends: {
      ...(store === undefined ? {} : { store }),
      ...(log === undefined ? {} : { log }),
      ...(backplane === undefined ? {} : { backplane }),
    },
    services,
  };
}

export function backplaneKind(config: BackendConfig): 'kafka' | 'redis' {
  return config.BELFRY_BACKPLANE ?? (readSecret(config, 'REDIS_URL') === undefined ? 'kafka' : 'redis');
}

function closing(name: string, close: () => Promise<void>): Service {
  return { name, start: async () => {}, stop: close };
}

async function openLog(
  { name, config, clock, random, logger, onFatal }: OpenBackendsOptions,
  carriesHints: boolean,
): Promise<Log> {
  const brokers = required(config, 'KAFKA_BROKERS');
  const replicationFactor = required(config, 'KAFKA_REPLICATION_FACTOR');
  const minInsyncReplicas = required(config, 'KAFKA_MIN_INSYNC_REPLICAS');
  const [{ createKafkaLog }, tls, sasl] = [await import('@belfry/log-kafka'), kafkaTls(config), kafkaSasl(config)];
  const wait = { clock, logger, withinMs: config.BELFRY_START_WAIT };
  const log = await waitFor(
    `Kafka at ${brokers.join(', ')}`,
    () =>
      createKafkaLog({
        brokers,
        clientId: `belfry-${name}`,
        prefix: required(config, 'KAFKA_TOPIC_PREFIX'),
        topics: { replicationFactor, minInsyncReplicas },
        consume: { sessionTimeoutMs: required(config, 'KAFKA_SESSION_TIMEOUT') },
        ...(tls === undefined ? {} : { tls }),
        ...(sasl === undefined ? {} : { sasl }),
        clock,
        random,
        logger,
        onFatal,
      }),
    wait,
  );
  const work = logTopics({
    partitions: required(config, 'KAFKA_TOPIC_PARTITIONS'),
    workRetentionMs: required(config, 'KAFKA_WORK_RETENTION'),
    feedRetentionMs: required(config, 'KAFKA_FEED_RETENTION'),
  });
  const topics = carriesHints ? [...work, (await import('@belfry/backplane-kafka')).HINTS_TOPIC_SETTINGS] : work;
  await waitFor(
    `Kafka topics with KAFKA_REPLICATION_FACTOR=${replicationFactor}, KAFKA_MIN_INSYNC_REPLICAS=${minInsyncReplicas}`,
    () => log.ensureTopics(topics),
    wait,
  );
  return log;
}

async function openStore({ config, clock, random, logger }: OpenBackendsOptions): Promise<Store> {
  const url = readSecret(config, 'POSTGRES_URL');
  if (url === undefined) throw new Error('POSTGRES_URL or POSTGRES_URL_FILE is required');
  const tls = authority(config, 'POSTGRES_TLS_CA');
  const { createPostgresStore } = await import('@belfry/store/postgres');
  return waitFor(
    `PostgreSQL at ${URL.parse(url)?.host ?? 'POSTGRES_URL'}`,
    () =>
      createPostgresStore({
        url,
        schema: required(config, 'POSTGRES_SCHEMA'),
        poolSize: required(config, 'POSTGRES_POOL_SIZE'),
        ...(tls === undefined ? {} : { tls }),
        clock,
        random,
        logger,
      }),
    { clock, logger, withinMs: config.BELFRY_START_WAIT },
  );
}

async function openBackplane(
  kind: 'kafka' | 'redis',
  log: Log | undefined,
  { config, publishOnly, clock, random, logger }: OpenBackendsOptions,
): Promise<Backplane> {
  if (kind === 'kafka') {
    if (log === undefined) throw new Error('the kafka backplane needs the log');
    const { createLogBackplane } = await import('@belfry/backplane-kafka');
    return createLogBackplane({ log, publishOnly, clock, logger });
  }
  const url = readSecret(config, 'REDIS_URL');
  if (url === undefined) throw new Error('REDIS_URL or REDIS_URL_FILE is required');
  const { createRedisBackplane } = await import('@belfry/backplane-redis');
  const channelPrefix = required(config, 'REDIS_CHANNEL_PREFIX');
  const tls = authority(config, 'REDIS_TLS_CA');
  return createRedisBackplane({ url, channelPrefix, ...(tls === undefined ? {} : { tls }), clock, random, logger });
}

function authority(
  config: BackendConfig,
  variable: 'POSTGRES_TLS_CA' | 'REDIS_TLS_CA',
): { readonly ca: string } | undefined {
  const file = config[variable];
  return file === undefined ? undefined : { ca: readSecretFile(file, variable) };
}

/** A value whose option has a default: missing means that the service's table lacks the whole group, which is a bug. */
function required<Name extends keyof BackendConfig>(
  config: BackendConfig,
  name: Name,
): NonNullable<BackendConfig[Name]> {
  const value = config[name];
  if (value === undefined || value === null) throw new Error(`the table of this service has no ${name}`);
  return value as NonNullable<BackendConfig[Name]>;
}
