import { setTimeout as pause } from 'node:timers/promises';
import type { Kafka } from 'kafkajs';

/** Resolves when every partition has a leader. */
export async function createTopicWithLeaders(kafka: Kafka, topic: string, partitions: number): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  // Left to wait for leaders by itself, kafkajs fails where the topic is not known everywhere yet.
  await admin.createTopics({
    waitForLeaders: false,
    topics: [{ topic, numPartitions: partitions, replicationFactor: 1 }],
  });
  const hasLeaders = async (): Promise<boolean> => {
    try {
      const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
      return topics.every((each) => each.partitions.every(({ leader }) => leader >= 0));
    } catch {
      return false;
    }
  };
  while (!(await hasLeaders())) await pause(50);
  await admin.disconnect();
}
