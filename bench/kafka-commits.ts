import type { Consumer, KafkaMessage, TopicPartitionOffset } from 'kafkajs';

/** As often as Belfry's workers. */
const COMMIT_MS = 1_000;

/** Commits what was read every second, beside the reading: left to commit by itself, kafkajs would wait for the broker after each batch. Returns what tells of a message that was read. */
export function commitBesideReading(
  consumer: Consumer,
  topic: string,
): (partition: number, message: Pick<KafkaMessage, 'offset'>) => void {
  const read = new Map<number, TopicPartitionOffset>();
  setInterval(() => {
    if (read.size > 0) void consumer.commitOffsets([...read.values()]);
    read.clear();
  }, COMMIT_MS);
  return (partition, { offset }) => {
    read.set(partition, { topic, partition, offset: `${BigInt(offset) + 1n}` });
  };
}
