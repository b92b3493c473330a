import type { LogLag } from '@belfry/core/log';
import { UnavailableError } from '@belfry/core/unavailable-error';
import { describeFailure, isProtocolError } from './failure.ts';
import type { KafkaParts } from './kafka-parts.ts';
import { createOldestRecords } from './oldest-record.ts';

export type KafkaLag = {
  lag(group: string): Promise<readonly LogLag[]>;
  /** The group reads these topics, also where it has not committed yet: the broker knows of a topic of a group only by its commits. */
  expect(group: string, logTopics: readonly string[]): void;
  close(): Promise<void>;
};

type Extent = { readonly partition: number; readonly low: bigint; readonly high: bigint };

/**
 * `lag` of the port: one request for the group's commits, three for each topic, and one for each partition whose oldest open record is another one than
 * the last time. Of a group that never committed it knows the topics that this process named, in `ensureTopics` or `consume`.
 */
export function createKafkaLag({ kafka, admin, names, clock }: Omit<KafkaParts, 'onFatal'>): KafkaLag {
  const expected = new Map<string, Set<string>>();
  const oldest = createOldestRecords(kafka);

  async function committedOffsets(group: string): Promise<Map<string, Map<number, bigint>>> {
    const topics = await admin.run(`reading the commits of ${group}`, (connection) =>
      connection.fetchOffsets({ groupId: names.toKafka(group) }),
    );
    const byTopic = new Map<string, Map<number, bigint>>();
    for (const { topic, partitions } of topics) {
      const logTopic = names.fromKafka(topic);
      const committed = partitions.filter(({ offset }) => BigInt(offset) >= 0n);
      if (logTopic === undefined || committed.length === 0) continue;
      byTopic.set(logTopic, new Map(committed.map(({ partition, offset }) => [partition, BigInt(offset)])));
    }
    return byTopic;
  }

  async function readExtents(logTopic: string): Promise<readonly Extent[]> {
    const offsets = await admin.run(`reading the ends of ${logTopic}`, (connection) =>
      connection.fetchTopicOffsets(names.toKafka(logTopic)),
    );
    return offsets.map(({ partition, low, high }) => ({ partition, low: BigInt(low), high: BigInt(high) }));
  }

  /** Nothing where the topic does not exist (any more). */
  async function extents(logTopic: string): Promise<readonly Extent[]> {
    try {
      return await readExtents(logTopic);
    } catch (error) {
      if (!isProtocolError(error) || error.type !== 'UNKNOWN_TOPIC_OR_PARTITION') throw error;
      // The client asks for all topics of its list at once, so it may have been another one that is missing.
      const existing = await admin.run('listing topics', (connection) => connection.listTopics());
      return existing.includes(names.toKafka(logTopic)) ? readExtents(logTopic) : [];
    }
  }

  async function lagOf(logTopic: string, extent: Extent, committed: bigint | undefined): Promise<LogLag> {
    const { partition, low, high } = extent;
    // Retention may have removed what was not committed: the group goes on at what is left.
    const next = committed === undefined || committed < low ? low : committed;
    const records = high > next ? high - next : 0n;
    if (records === 0n) return { logTopic, partition, records, oldestAgeMs: 0 };
    try {
      const atMs = await oldest.appendedAtMs(names.toKafka(logTopic), partition, next);
      const oldestAgeMs = atMs === undefined ? 0 : Math.max(0, clock.nowMs() - atMs);
      return { logTopic, partition, records, oldestAgeMs };
    } catch (error) {
      const message = `reading the oldest record of ${logTopic}/${partition} failed: ${describeFailure(error)}`;
      throw new UnavailableError('log-unavailable', message, { cause: error });
    }
  }

  return {
    async lag(group) {
      const committed = await committedOffsets(group);
      const logTopics = new Set([...committed.keys(), ...(expected.get(group) ?? [])]);
      const lags = await Promise.all(
        [...logTopics].map(async (logTopic) => {
          const found = await extents(logTopic);
          return Promise.all(
            found.map((extent) => lagOf(logTopic, extent, committed.get(logTopic)?.get(extent.partition))),
          );
        }),
      );
      return lags.flat();
    },
    expect(group, logTopics) {
      const known = expected.get(group) ?? new Set();
      for (const logTopic of logTopics) known.add(logTopic);
      expected.set(group, known);
    },
    close: () => oldest.close(),
  };
}
