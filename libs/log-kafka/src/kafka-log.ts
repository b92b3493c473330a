import type { Clock } from '@belfry/core/clock';
import type { Log, LogConsumer, LogTail } from '@belfry/core/log';
import type { Random } from '@belfry/core/random';
import { UnavailableError } from '@belfry/core/unavailable-error';
import { registerCodecs } from './codecs.ts';
import type { KafkaConsumeOptions } from './consume-options.ts';
import { createKafkaAdmin } from './kafka-admin.ts';
import { createKafkaAppend } from './kafka-append.ts';
import { createKafka, type KafkaClientOptions } from './kafka-client.ts';
import { createKafkaConsume } from './kafka-consumer.ts';
import { createKafkaLag } from './kafka-lag.ts';
import type { KafkaParts } from './kafka-parts.ts';
import { createKafkaProducer } from './kafka-producer.ts';
import { createKafkaTail } from './kafka-tail.ts';
import { createEnsureTopics } from './kafka-topics.ts';
import { createTopicDirectory } from './topic-directory.ts';
import { createTopicNames } from './topic-names.ts';
import { assertTopicDefaults, type KafkaTopicDefaults } from './topic-settings.ts';

export type KafkaLogOptions = KafkaClientOptions & {
  /** Put before every topic and group name on the broker, so that several installations can share it. Default none; at most 64 characters. */
  readonly prefix?: string;
  /** For topics that `ensureTopics` creates. */
  readonly topics: KafkaTopicDefaults;
  readonly consume?: KafkaConsumeOptions;
  /** Longest wait of an append for its confirmation, waiting in line included; then it rejects with `UnavailableError`. Default 15,000 ms. */
  readonly appendDeadlineMs?: number;
  readonly clock: Clock;
  /** Spreads the restarts of consumers. Default: none are spread. */
  readonly random?: Random;
  /** The log can serve nothing any more and the process must stop. Called once. */
  readonly onFatal: (error: Error) => void;
};

const APPEND_DEADLINE_MS = 15_000;
/** Shorter than that of other requests: one hung answer holds up every append. */
const PRODUCE_TIMEOUT_MS = 5_000;
/** So that the broker says that replicas were too slow before we stop listening. */
const ACK_TIMEOUT_MS = 4_500;

/**
 * The Log on Apache Kafka. Rejects with a `RangeError` that names a bad option, and with `UnavailableError` where no broker answers or none lets us in.
 * Retention goes by time and size alone: Kafka cannot wait for groups, so `retentionMs` has to exceed the longest outage of a consumer.
 */
export async function createKafkaLog(options: KafkaLogOptions): Promise<Log> {
  assertTopicDefaults(options.topics);
  registerCodecs();
  const { clock, logger, onFatal } = options;
  const kafka = createKafka(options);
  const admin = createKafkaAdmin(kafka);
  const parts: KafkaParts = { kafka, admin, names: createTopicNames(options.prefix ?? ''), clock, logger, onFatal };
  try {
    await admin.run('connecting to Kafka', (connection) => connection.describeCluster());
  } catch (error) {
    await admin.close();
    throw error;
  }
  return assemble(options, parts);
}

function assemble(options: KafkaLogOptions, parts: KafkaParts): Log {
  const { clock, logger, admin } = parts;
  const directory = createTopicDirectory(parts);
  const { append, close: closeAppend } = createKafkaAppend({
    directory,
    clock,
    logger,
    producer: createKafkaProducer(createKafka({ ...options, requestTimeoutMs: PRODUCE_TIMEOUT_MS }), ACK_TIMEOUT_MS),
    deadlineMs: options.appendDeadlineMs ?? APPEND_DEADLINE_MS,
  });
  const ensureTopics = createEnsureTopics({ ...parts, directory, defaults: options.topics });
  const lag = createKafkaLag(parts);
  const readerDeps = {
    ...parts,
    createClient: () => createKafka(options),
    ...(options.random === undefined ? {} : { random: options.random }),
    ...(options.consume === undefined ? {} : { options: options.consume }),
  };
  const consume = createKafkaConsume(readerDeps);
  const tail = createKafkaTail(readerDeps);
  const readers = new Set<Promise<LogConsumer | LogTail>>();
  let closing: Promise<void> | undefined;

  function assertOpen(): void {
    if (closing !== undefined) throw new UnavailableError('log-unavailable', 'the log is closed');
  }

  /** Remembers it until the log is closed, as it may still be on its way then. */
  function remember<Reader extends LogConsumer | LogTail>(reader: Promise<Reader>): Promise<Reader> {
    readers.add(reader);
    reader.catch(() => readers.delete(reader));
    return reader;
  }

  async function close(): Promise<void> {
    await Promise.allSettled([...readers].map(async (reader) => (await reader).close()));
    await closeAppend();
    await Promise.all([lag.close(), admin.close()]);
  }

  return {
    append,
    async consume(consumeOptions, handler) {
      assertOpen();
      lag.expect(consumeOptions.group, consumeOptions.logTopics);
      return remember(consume(consumeOptions, handler));
    },
    async tail(logTopic, handler) {
      assertOpen();
      return remember(tail(logTopic, handler));
    },
    async lag(group) {
      assertOpen();
      return lag.lag(group);
    },
    async ensureTopics(topics) {
      assertOpen();
      await ensureTopics(topics);
      for (const { name, groups } of topics) for (const group of groups) lag.expect(group, [name]);
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
}
