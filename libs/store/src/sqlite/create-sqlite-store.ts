import type { Clock } from '@belfry/core/clock';
import type { Store } from '@belfry/core/store/store';
import { UnavailableError } from '@belfry/core/unavailable-error';
import { createThreadClient, lockDirectory, type PreparedThread, ThreadError } from '@belfry/sqlite';
import { closable } from '../closable.ts';
import { type CallArgs, type CallName, type CallResult, createStoreClient } from '../store-client.ts';
import { prepareStoreThread } from './prepare-store-thread.ts';
import type { StoreThreadData, StoreThreadMethods } from './store-thread.ts';

export type SqliteStoreOptions = {
  /** Folder of the database, for this store alone; made when missing. */
  readonly directory: string;
  /** The store's clock: what its deadlines and waits are compared with. */
  readonly clock: Pick<Clock, 'nowMs'>;
  /** The store's thread ended or its disk failed. Nothing works any more: end the process. */
  readonly onFatal: (error: Error) => void;
  /** One that was started earlier, for this store alone. */
  readonly thread?: PreparedThread | undefined;
};

/** One call in the thread and one on its way there, so that the thread never waits for us. */
const MAX_RUNNING = 2;
const SQLITE_BUSY = 5;
const SQLITE_IOERR = 10;
const SQLITE_FULL = 13;
const OUTAGE_CODES: ReadonlySet<number> = new Set([SQLITE_BUSY, SQLITE_IOERR, SQLITE_FULL]);

/**
 * The embedded store: SQLite in a worker thread of its own, every answer given after an fsync. Rejects with a `DirectoryLockedError` where another
 * opener has the directory.
 */
export async function createSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const { directory, clock, onFatal, thread } = options;
  const lock = lockDirectory(directory);
  const client = await createThreadClient<StoreThreadMethods>({
    thread: thread ?? prepareStoreThread(),
    data: { directory } satisfies StoreThreadData,
    onDeath: onFatal,
  }).catch((error: unknown) => {
    lock.release();
    throw error;
  });

  async function call<N extends CallName>(name: N, ...args: CallArgs<N>): Promise<CallResult<N>> {
    try {
      return (await client.call(name, [clock.nowMs(), ...args] as never)) as CallResult<N>;
    } catch (error) {
      throw isOutage(error) ? new UnavailableError('store-unavailable', error.message, { cause: error }) : error;
    }
  }
  return closable(createStoreClient(call, MAX_RUNNING), async () => {
    await client.close();
    lock.release();
  });
}

/** Failures of the disk or the thread, which say nothing about the call. */
function isOutage(error: unknown): error is ThreadError {
  if (!(error instanceof ThreadError)) return false;
  if (error.code === 'thread-died' || error.code === 'thread-closed') return true;
  return error.sqliteCode !== undefined && OUTAGE_CODES.has(error.sqliteCode & 0xff);
}
