import { Kafka, logLevel } from 'kafkajs';

/** Records that groups have not finished, by `group topic`, as the broker knows them. Groups that never commit are left out. */
export async function readLag(brokers: readonly string[]): Promise<Readonly<Record<string, number>>> {
  const admin = new Kafka({ clientId: 'belfry-e2e', brokers: [...brokers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    const lag: Record<string, number> = {};
    const { groups } = await admin.listGroups();
    for (const { groupId } of groups) {
      for (const { topic, partitions } of await admin.fetchOffsets({ groupId })) {
        const committed = new Map(partitions.map(({ partition, offset }) => [partition, Number(offset)]));
        let behind = 0;
        for (const { partition, low, high } of await admin.fetchTopicOffsets(topic))
          behind += Number(high) - Math.max(committed.get(partition) ?? -1, Number(low));
        if (behind > 0) lag[`${groupId} ${topic}`] = behind;
      }
    }
    return lag;
  } finally {
    await admin.disconnect();
  }
}
