import { randomUUID } from 'node:crypto';
import type { Log, LogRecord } from '@belfry/core/log';
import { realClock } from '@belfry/testing/real-clock';
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
