import { sleep } from '@belfry/core/clock';
import type { LogTopicSettings } from '@belfry/core/log';
import { isUnavailable } from '@belfry/core/unavailable-error';
import kafkajs, { type Admin, type KafkaJSProtocolError } from 'kafkajs';
import { isProtocolError } from './failure.ts';
import type { KafkaParts } from './kafka-parts.ts';
import type { TopicDirectory } from './topic-directory.ts';
import {
  assertTopicSettings,
  type KafkaTopicDefaults,
  type TopicDifference,
  topicConfig,
  topicDifferences,
} from './topic-settings.ts';

/** The client's error for one topic of a creation; its types leave it out. */
type CreationFailure = KafkaJSProtocolError & { readonly topic: string };

export type KafkaTopicsDeps = Pick<KafkaParts, 'admin' | 'names' | 'logger' | 'clock'> & {
  readonly directory: TopicDirectory;
  readonly defaults: KafkaTopicDefaults;
};

const KNOWN_WITHIN_MS = 10_000;
const LOOK_EVERY_MS = 100;

/**
 * `ensureTopics` of the port. Existing topics are left as they are: raising partitions moves keys to other partitions and so breaks their
 * order for a while, which only an operator may decide. What differs is said once per call, one line per topic.
 */
export function createEnsureTopics(deps: KafkaTopicsDeps): (topics: readonly LogTopicSettings[]) => Promise<void> {
  const { admin, names, logger, clock, directory, defaults } = deps;

  async function compare(connection: Admin, settings: LogTopicSettings): Promise<void> {
    const kafkaTopic = names.toKafka(settings.name);
    const { topics } = await connection.fetchTopicMetadata({ topics: [kafkaTopic] });
    const partitions = topics.find(({ name }) => name === kafkaTopic)?.partitions ?? [];
    const found = topicDifferences(settings, defaults, {
      partitions: partitions.length,
      replicas: Math.min(...partitions.map(({ replicas }) => replicas.length)),
      config: await readConfig(connection, kafkaTopic),
    });
    if (found.length > 0) logger.warn({ logTopic: settings.name, differences: found }, differenceLine(settings, found));
  }

  async function create(missing: readonly LogTopicSettings[]): Promise<void> {
    try {
      await admin.run('creating log topics', (connection) =>
        connection.createTopics({
          topics: missing.map((settings) => ({
            topic: names.toKafka(settings.name),
            numPartitions: settings.partitions,
            replicationFactor: defaults.replicationFactor,
            configEntries: Object.entries(topicConfig(settings, defaults)).map(([name, value]) => ({ name, value })),
          })),
          waitForLeaders: true,
        }),
      );
    } catch (error) {
      // Taken by the controller, and not yet known to it as a broker.
      if (isProtocolError(error) && error.type === 'UNKNOWN_TOPIC_OR_PARTITION') return;
      const failures = creationFailures(error).filter(({ type }) => type !== 'TOPIC_ALREADY_EXISTS');
      const [failure] = failures;
      if (failure !== undefined) throw await explained(failure);
    }
  }

  /** A broker that has taken the order to make a topic may say for a while that there is none, above all when it has just been started: the client takes that for final. */
  async function untilKnown(logTopic: string): Promise<void> {
    const endMs = clock.monotonicMs() + KNOWN_WITHIN_MS;
    for (;;) {
      directory.forget(logTopic);
      try {
        await directory.find(logTopic);
        return;
      } catch (error) {
        const mayPass = error instanceof RangeError || isUnavailable(error);
        if (!mayPass || clock.monotonicMs() > endMs) throw error;
        await sleep(clock, LOOK_EVERY_MS);
      }
    }
  }

  async function explained(failure: CreationFailure): Promise<Error> {
    const topic = names.fromKafka(failure.topic) ?? failure.topic;
    if (failure.type !== 'INVALID_REPLICATION_FACTOR') {
      return new Error(`the log topic ${topic} cannot be created: ${failure.type}: ${failure.message}`, {
        cause: failure,
      });
    }
    const { brokers } = await admin.run('counting brokers', (connection) => connection.describeCluster());
    return new RangeError(
      `topics.replicationFactor is ${defaults.replicationFactor}, but the cluster has ${brokers.length} brokers: the log topic ${topic} cannot be created`,
      { cause: failure },
    );
  }

  return async (topics) => {
    for (const settings of topics) assertTopicSettings(settings, names.toKafka(settings.name));
    // Asked for all names: the client reports a request for a topic that is missing as an error in the log.
    const existing = new Set(await admin.run('listing topics', (connection) => connection.listTopics()));
    const isThere = ({ name }: LogTopicSettings) => existing.has(names.toKafka(name));
    await Promise.all(
      topics
        .filter(isThere)
        .map((settings) =>
          admin.run(`comparing the log topic ${settings.name}`, (connection) => compare(connection, settings)),
        ),
    );
    const missing = topics.filter((settings) => !isThere(settings));
    if (missing.length === 0) return;
    await create(missing);
    for (const { name } of missing) await untilKnown(name);
  };
}

async function readConfig(admin: Admin, kafkaTopic: string): Promise<Record<string, string | undefined>> {
  try {
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: kafkaTopic }],
    });
    return Object.fromEntries(
      (resources[0]?.configEntries ?? []).map(({ configName, configValue }) => [configName, configValue]),
    );
  } catch (error) {
    // Reading settings needs a right of its own, which a least-privilege user may lack; then there is nothing to compare.
    if (isProtocolError(error) && error.type.endsWith('AUTHORIZATION_FAILED')) return {};
    throw error;
  }
}

function creationFailures(error: unknown): readonly CreationFailure[] {
  if (!(error instanceof kafkajs.KafkaJSAggregateError)) throw error;
  return error.errors as unknown as CreationFailure[];
}

function differenceLine({ name }: LogTopicSettings, differences: readonly TopicDifference[]): string {
  const list = differences.map(({ setting, wanted, found }) => `${setting} is ${found}, not ${wanted}`).join('; ');
  return `the log topic ${name} exists with other settings and is left so: ${list}`;
}
