import type { Kafka } from 'kafkajs';
import { createKafkaCluster, type KafkaCluster } from './kafka-cluster.ts';

/** Tells when the first record at or after an offset was appended; asks the broker only when the offset has moved since. */
export type OldestRecords = {
  /** Wall-clock milliseconds; undefined where there is no such record any more. Rejects as the client does. */
  appendedAtMs(kafkaTopic: string, partition: number, offset: bigint): Promise<number | undefined>;
  close(): Promise<void>;
};

const CONSUMER = -1;
const READ_UNCOMMITTED = 0;

export function createOldestRecords(kafka: Kafka): OldestRecords {
  const seen = new Map<string, { readonly offset: bigint; readonly appendedAtMs: number }>();
  let current: { readonly cluster: KafkaCluster; readonly connected: Promise<void> } | undefined;

  function open() {
    const cluster = createKafkaCluster(kafka);
    return { cluster, connected: cluster.connect() };
  }

  async function read(
    cluster: KafkaCluster,
    topic: string,
    partition: number,
    offset: bigint,
  ): Promise<number | undefined> {
    await cluster.addMultipleTargetTopics([topic]);
    const [nodeId] = Object.keys(cluster.findLeaderForPartitions(topic, [partition]));
    if (nodeId === undefined) throw new Error(`${topic}/${partition} has no leader`);
    const broker = await cluster.findBroker({ nodeId });
    const { responses } = await broker.fetch({
      replicaId: CONSUMER,
      isolationLevel: READ_UNCOMMITTED,
      maxWaitTime: 0,
      minBytes: 1,
      // Less than a record: the broker then sends the one batch that the offset is in, and nothing more.
      maxBytes: 1,
      topics: [{ topic, partitions: [{ partition, fetchOffset: offset.toString(), maxBytes: 1 }] }],
    });
    const messages = responses[0]?.partitions[0]?.messages ?? [];
    const first = messages.find((message) => BigInt(message.offset) >= offset);
    return first === undefined ? undefined : Number(first.timestamp);
  }

  return {
    async appendedAtMs(kafkaTopic, partition, offset) {
      const key = `${kafkaTopic}/${partition}`;
      const known = seen.get(key);
      if (known?.offset === offset) return known.appendedAtMs;
      current ??= open();
      const used = current;
      try {
        await used.connected;
        const appendedAtMs = await read(used.cluster, kafkaTopic, partition, offset);
        if (appendedAtMs !== undefined) seen.set(key, { offset, appendedAtMs });
        return appendedAtMs;
      } catch (error) {
        // Leaders may have moved; a new cluster asks for them again.
        if (current === used) current = undefined;
        used.cluster.disconnect().catch(() => {});
        throw error;
      }
    },
    async close() {
      await current?.cluster.disconnect().catch(() => {});
      current = undefined;
    },
  };
}
