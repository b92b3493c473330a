import type { Clock } from '@belfry/core/clock';
import type { Store } from '@belfry/core/store/store';
import { createEmbeddedLog, type EmbeddedLog } from '@belfry/log-embedded';
import { createSqliteStore, type SqliteStoreOptions } from '@belfry/store/sqlite';
import type { DataFolder } from './data-folder.ts';
import { STANDALONE_TOPICS } from './log-topics.ts';

export type StorageOptions = {
  readonly data: Pick<DataFolder, 'log' | 'store'>;
  readonly clock: Clock;
  readonly onFatal: (error: Error) => void;
  readonly maxLogBytes: number;
  /** One that has been loading for a while; by default it is started here. */
  readonly storeThread: SqliteStoreOptions['thread'];
};

export type Storage = { readonly log: EmbeddedLog; readonly store: Store };

/**
 * Opens the log and the store side by side, each a thread that loads its own modules. Asks for the locks of both folders before its first wait. Rejects as
 * the log or the store does, in this order, once neither is open any more.
 */
export async function openStorage(options: StorageOptions): Promise<Storage> {
  const { data, clock, onFatal, maxLogBytes, storeThread } = options;
  const opening = createEmbeddedLog({ directory: data.log, clock, onFatal, maxFileBytes: maxLogBytes });
  const [log, store] = await Promise.allSettled([
    opening.then(async (opened) => {
      await opened.ensureTopics(STANDALONE_TOPICS);
      return opened;
    }),
    createSqliteStore({ directory: data.store, clock, onFatal, thread: storeThread }),
  ]);
  if (log.status === 'fulfilled' && store.status === 'fulfilled') return { log: log.value, store: store.value };
  if (log.status === 'fulfilled') await log.value.close();
  if (store.status === 'fulfilled') await store.value.close();
  throw (log.status === 'rejected' ? log : (store as PromiseRejectedResult)).reason;
}
