import type { LogRecord } from '@belfry/core/log';
import { toLogFailure } from '../log-failure.ts';
import { type OpenStorage, openStorage } from '../open-storage.ts';
import { unpackBatch } from '../stored-batch.ts';
import type { Reading } from './read-whole-log.ts';
import { WORKLOAD_TOPIC } from './workload.ts';

const BATCH_BYTES = 64 * 1024;

/** Opens a log's files and reads the workload's topic from the start to the end, as the log's thread does but without the thread. */
export function readStorage(directory: string): Reading {
  let opened: OpenStorage;
  const startedMs = performance.now();
  try {
    opened = openStorage({ directory, minFreeBytes: 0, checkpointPages: 4_096 });
  } catch (thrown) {
    return { outcome: 'refused', error: toLogFailure(thrown) };
  }
  const openMs = performance.now() - startedMs;
  const { database, storage, highWater } = opened;
  const records: LogRecord[] = [];
  try {
    const topic = storage.describe().find(({ settings }) => settings.name === WORKLOAD_TOPIC.name);
    for (const [partition, { id, next }] of topic?.partitions.entries() ?? []) {
      for (let from = 0; from < next; ) {
        const batch = storage.read(id, from, 100, BATCH_BYTES);
        records.push(...unpackBatch({ logTopic: WORKLOAD_TOPIC.name, partition }, batch));
        from = batch.first + batch.count;
      }
    }
    return { outcome: 'read', records, openMs };
  } catch (thrown) {
    return { outcome: 'stopped', records, error: toLogFailure(thrown) };
  } finally {
    highWater.close();
    database.close();
  }
}
