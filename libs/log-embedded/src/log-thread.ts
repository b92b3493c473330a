import { join } from 'node:path';
import { createThreadServer, openDatabase, sqliteCodeOf, Transfer } from '@belfry/sqlite';
import { DiskSpace } from './disk-space.ts';
import { HighWater, readHighWater } from './high-water.ts';
import { LogCorruption } from './log-corruption.ts';
import { LogStorage } from './log-storage.ts';

export type LogThreadData = {
  readonly directory: string;
  readonly minFreeBytes: number;
  readonly maxFileBytes: number | undefined;
  readonly checkpointPages: number;
};

export type LogThreadMethods = {
  describe: LogStorage['describe'];
  ensureTopics: LogStorage['ensureTopics'];
  append(packed: ArrayBuffer, nowMs: number): Transfer<Float64Array>;
  read(...args: Parameters<LogStorage['read']>): Transfer<ReturnType<LogStorage['read']>>;
  committed: LogStorage['committed'];
  commit: LogStorage['commit'];
  backlog: LogStorage['backlog'];
  trim: LogStorage['trim'];
};

const PAGE_BYTES = 4_096;
const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

createThreadServer(({ directory, minFreeBytes, maxFileBytes, checkpointPages }: LogThreadData) => {
  return naming(() => {
    const database = openDatabase({ path: join(directory, 'log.db'), checkpointPages });
    const highWaterBefore = readHighWater(directory);
    const storage = new LogStorage(database, new DiskSpace(directory, minFreeBytes), highWaterBefore);
    const highWater = new HighWater(directory);
    highWater.note(storage.total);
    if (highWaterBefore === undefined) highWater.sync();
    if (maxFileBytes !== undefined) {
      database.exec(`pragma max_page_count = ${Math.max(1, Math.floor(maxFileBytes / PAGE_BYTES))}`);
    }
    const methods: LogThreadMethods = {
      describe: () => naming(() => storage.describe()),
      ensureTopics: (topics) => naming(() => storage.ensureTopics(topics)),
      append: (packed, nowMs) =>
        naming(() => {
          const offsets = storage.append(packed, nowMs);
          return new Transfer(offsets, [offsets.buffer]);
        }),
      read: (...args) =>
        naming(() => {
          const batch = storage.read(...args);
          return new Transfer(batch, [batch.packed]);
        }),
      committed: (group, partitionIds) => naming(() => storage.committed(group, partitionIds)),
      commit: (group, partitionId, next) => naming(() => storage.commit(group, partitionId, next)),
      backlog: (group, also) => naming(() => storage.backlog(group, also)),
      trim: (nowMs) => naming(() => storage.trim(nowMs)),
    };
    return {
      database,
      methods,
      onCommitted: () => highWater.note(storage.total),
      onUndo: () => storage.forget(),
      close: () => highWater.close(),
    };
  });
});

/** What SQLite itself finds wrong with the file is corruption too. */
function naming<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    const primaryCode = (sqliteCodeOf(error) ?? 0) & 0xff;
    if (primaryCode === SQLITE_CORRUPT || primaryCode === SQLITE_NOTADB) {
      throw new LogCorruption(error instanceof Error ? error.message : String(error), undefined, { cause: error });
    }
    throw error;
  }
}
