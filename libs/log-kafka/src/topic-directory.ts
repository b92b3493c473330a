import kafkajs, { type Admin } from 'kafkajs';
import { isProtocolError } from './failure.ts';
import type { KafkaParts } from './kafka-parts.ts';

export type TopicFacts = {
  /** The name on the broker. */
  readonly kafkaTopic: string;
  readonly partitions: number;
  /** `max.message.bytes`: what the broker takes as one batch of one partition. */
  readonly maxBatchBytes: number;
};

/** What this process knows of topics; asked for once, then again every five minutes, as an operator may raise partitions. */
export type TopicDirectory = {
  /** Without asking; undefined where nothing is known or it is old. */
  known(logTopic: string): TopicFacts | undefined;
  /** Rejects with a `RangeError` where the topic does not exist, with `UnavailableError` where nobody can say. */
  find(logTopic: string): Promise<TopicFacts>;
  forget(logTopic: string): void;
};

const MAX_AGE_MS = 300_000;
/** The broker's own default, taken where we may not read the topic's settings. */
const DEFAULT_MAX_BATCH_BYTES = 1_048_588;

export function createTopicDirectory({ admin, names, clock }: Omit<KafkaParts, 'kafka' | 'onFatal'>): TopicDirectory {
  const entries = new Map<string, { readonly facts: Promise<TopicFacts>; settled?: TopicFacts; atMs: number }>();

  function fresh(logTopic: string) {
    const entry = entries.get(logTopic);
    return entry !== undefined && clock.monotonicMs() - entry.atMs < MAX_AGE_MS ? entry : undefined;
  }

  async function ask(logTopic: string): Promise<TopicFacts> {
    const kafkaTopic = names.toKafka(logTopic);
    try {
      return await admin.run(`looking up the log topic ${logTopic}`, async (connection) => {
        const { topics } = await connection.fetchTopicMetadata({ topics: [kafkaTopic] });
        const partitions = topics.find(({ name }) => name === kafkaTopic)?.partitions.length ?? 0;
        return { kafkaTopic, partitions, maxBatchBytes: await maxBatchBytes(connection, kafkaTopic) };
      });
    } catch (error) {
      if (!isProtocolError(error) || error.type !== 'UNKNOWN_TOPIC_OR_PARTITION') throw error;
      throw new RangeError(`the log topic ${logTopic} does not exist; create it with ensureTopics`, { cause: error });
    }
  }

  return {
    known: (logTopic) => fresh(logTopic)?.settled,
    find(logTopic) {
      const found = fresh(logTopic);
      if (found !== undefined) return found.facts;
      const entry: { facts: Promise<TopicFacts>; settled?: TopicFacts; atMs: number } = {
        facts: ask(logTopic),
        atMs: clock.monotonicMs(),
      };
      entries.set(logTopic, entry);
      entry.facts.then(
        (facts) => {
          entry.settled = facts;
        },
        () => {
          if (entries.get(logTopic) === entry) entries.delete(logTopic);
        },
      );
      return entry.facts;
    },
    forget: (logTopic) => void entries.delete(logTopic),
  };
}

/** Reading settings needs a right of its own (DescribeConfigs), which a producer may not have. */
async function maxBatchBytes(admin: Admin, kafkaTopic: string): Promise<number> {
  try {
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: kafkaTopic, configNames: ['max.message.bytes'] }],
    });
    const value = Number(resources[0]?.configEntries[0]?.configValue);
    return value > 0 ? value : DEFAULT_MAX_BATCH_BYTES;
  } catch (error) {
    if (isProtocolError(error)) return DEFAULT_MAX_BATCH_BYTES;
    throw error;
  }
}
