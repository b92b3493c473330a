import { createThreadServer, Transfer } from '@belfry/sqlite';
import type { LogStorage } from './log-storage.ts';
import { openStorage } from './open-storage.ts';

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

createThreadServer(({ maxFileBytes, ...options }: LogThreadData) => {
  const { database, storage, highWater } = openStorage(options);
  if (maxFileBytes !== undefined) {
    database.exec(`pragma max_page_count = ${Math.max(1, Math.floor(maxFileBytes / PAGE_BYTES))}`);
  }
  const methods: LogThreadMethods = {
    describe: () => storage.describe(),
    ensureTopics: (topics) => storage.ensureTopics(topics),
    append(packed, nowMs) {
      const offsets = storage.append(packed, nowMs);
      return new Transfer(offsets, [offsets.buffer]);
    },
    read(...args) {
      const batch = storage.read(...args);
      return new Transfer(batch, [batch.packed]);
    },
    committed: (group, partitionIds) => storage.committed(group, partitionIds),
    commit: (group, partitionId, next) => storage.commit(group, partitionId, next),
    backlog: (group, also) => storage.backlog(group, also),
    trim: (nowMs) => storage.trim(nowMs),
  };
  return {
    database,
    methods,
    onCommitted: () => highWater.note(storage.total),
    onUndo: () => storage.forget(),
    close: () => highWater.close(),
  };
});
