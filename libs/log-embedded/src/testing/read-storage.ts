import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { LogRecord } from '@belfry/core/log';
import { openDatabase } from '@belfry/sqlite';
import { DiskSpace } from '../disk-space.ts';
import { readHighWater } from '../high-water.ts';
import { LogStorage } from '../log-storage.ts';
import { unpackBatch } from '../stored-batch.ts';
import type { Reading } from './read-whole-log.ts';
import { WORKLOAD_TOPIC } from './workload.ts';

const BATCH_BYTES = 64 * 1024;

/** Opens a log's file as its thread does and reads the workload's topic from the start to the end. */
export function readStorage(directory: string): Reading {
  let database: DatabaseSync | undefined;
  const records: LogRecord[] = [];
  try {
    const startedMs = performance.now();
    database = openDatabase({ path: join(directory, 'log.db') });
    const storage = new LogStorage(database, new DiskSpace(directory, 0), readHighWater(directory));
    const openMs = performance.now() - startedMs;
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
    const error = thrown as Error;
    return records.length === 0 ? { outcome: 'refused', error } : { outcome: 'stopped', records, error };
  } finally {
    database?.close();
  }
}
