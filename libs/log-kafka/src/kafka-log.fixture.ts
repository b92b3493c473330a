import { randomUUID } from 'node:crypto';
import type { Log, LogRecord } from '@belfry/core/log';
import { realClock } from '@belfry/testing/real-clock';
import { createKafka } from './kafka-client.ts';
import { createKafkaLog, type KafkaLogOptions } from './kafka-log.ts';
import type { KafkaLogger } from './kafka-logger.ts';

export const silentLogger: KafkaLogger = { info: () => {}, warn: () => {}, error: () => {} };

/** A log with names of its own on these brokers. */
export function openLog(brokers: readonly string[], options: Partial<KafkaLogOptions> = {}): Promise<Log> {
  return createKafkaLog({
    brokers,
    clientId: 'belfry-test',
    prefix: `${randomUUID()}.`,
    topics: { replicationFactor: 1, minInsyncReplicas: 1 },
    clock: realClock,
    logger: silentLogger,
    onFatal(error) {
      throw error;
    },
    ...options,
  });
}

/** What a topic holds, in offset order within each partition, as it comes. */
export async function collect(log: Log, logTopic: string): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  await log.consume(
    { group: randomUUID(), logTopics: [logTopic] },
    {
      onAssigned: () => {},
      onBatch: (_partition, _generation, batch) => void records.push(...batch),
      onRevoked: () => {},
    },
  );
  return records;
}

/** Takes away what a suite left on a broker that others use, too. */
export async function removeTopics(brokers: readonly string[], prefix: string): Promise<void> {
  const admin = createKafka({ brokers, clientId: 'belfry-test', logger: silentLogger }).admin();
  await admin.connect();
  try {
    const topics = (await admin.listTopics()).filter((topic) => topic.startsWith(prefix));
    if (topics.length > 0) await admin.deleteTopics({ topics });
  } finally {
    await admin.disconnect();
  }
}
