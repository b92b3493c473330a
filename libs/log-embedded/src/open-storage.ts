import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { openDatabase } from '@belfry/sqlite';
import { DiskSpace } from './disk-space.ts';
import { HighWater, readHighWater } from './high-water.ts';
import { LogStorage } from './log-storage.ts';

export type OpenStorageOptions = {
  readonly directory: string;
  readonly minFreeBytes: number;
  readonly checkpointPages: number;
};

export type OpenStorage = {
  readonly database: DatabaseSync;
  readonly storage: LogStorage;
  readonly highWater: HighWater;
};

/** Opens the log's files, or makes them. Throws where they do not hold what was acknowledged; nothing stays open then. */
export function openStorage({ directory, minFreeBytes, checkpointPages }: OpenStorageOptions): OpenStorage {
  const database = openDatabase({ path: join(directory, 'log.db'), checkpointPages });
  try {
    const noted = readHighWater(directory);
    const storage = new LogStorage(database, new DiskSpace(directory, minFreeBytes), noted);
    const highWater = new HighWater(directory);
    highWater.note(storage.total);
    if (noted === undefined) highWater.sync();
    return { database, storage, highWater };
  } catch (error) {
    database.close();
    throw error;
  }
}
