import type { Clock } from '@belfry/core/clock';
import type { StoredResponse } from '@belfry/core/store/idempotency';
import type { Store } from '@belfry/core/store/store';
import type { RealtimeChange, RealtimeMark } from '@belfry/core/store/user-stream';
import { UnavailableError } from '@belfry/core/unavailable-error';
import { createThreadClient, lockDirectory, ThreadError } from '@belfry/sqlite';
import { closable } from './closable.ts';
import { createMergedCall, splitByLength } from './merged-calls.ts';
import { splitChanges } from './split-changes.ts';
import type { StoreThreadData, StoreThreadMethods } from './store-thread.ts';

export type SqliteStoreOptions = {
  /** Folder of the database, for this store alone; made when missing. */
  readonly directory: string;
  /** The store's clock: what its deadlines and waits are compared with. */
  readonly clock: Pick<Clock, 'nowMs'>;
  /** The store's thread ended or its disk failed. Nothing works any more: end the process. */
  readonly onFatal: (error: Error) => void;
};

type Name = keyof StoreThreadMethods;
type Args<N extends Name> = StoreThreadMethods[N] extends (nowMs: number, ...args: infer A) => unknown ? A : never;
type Result<N extends Name> = Awaited<ReturnType<StoreThreadMethods[N]>>;

const SQLITE_BUSY = 5;
const SQLITE_IOERR = 10;
const SQLITE_FULL = 13;
const OUTAGE_CODES: ReadonlySet<number> = new Set([SQLITE_BUSY, SQLITE_IOERR, SQLITE_FULL]);

/**
 * The embedded store: SQLite in a worker thread of its own, every answer given after an fsync. Rejects with a `DirectoryLockedError` where another
 * opener has the directory.
 */
export async function createSqliteStore({ directory, clock, onFatal }: SqliteStoreOptions): Promise<Store> {
  const lock = lockDirectory(directory);
  const thread = await createThreadClient<StoreThreadMethods>({
    entry: new URL('./store-thread.ts', import.meta.url),
    data: { directory } satisfies StoreThreadData,
    name: 'belfry-store',
    onDeath: onFatal,
  }).catch((error: unknown) => {
    lock.release();
    throw error;
  });

  async function call<N extends Name>(name: N, ...args: Args<N>): Promise<Result<N>> {
    try {
      return (await thread.call(name, [clock.nowMs(), ...args] as never)) as Result<N>;
    } catch (error) {
      throw isOutage(error) ? new UnavailableError('store-unavailable', error.message, { cause: error }) : error;
    }
  }
  const single =
    <N extends Name>(name: N) =>
    (...args: Args<N>) =>
      call(name, ...args);
  const store = { ...mergedMethods(call), ...singleMethods(single) } satisfies Omit<Store, 'close'>;
  return closable(store, async () => {
    await thread.close();
    lock.release();
  });
}

type Call = <N extends Name>(name: N, ...args: Args<N>) => Promise<Result<N>>;

/** Methods that take a batch: concurrent calls of one become one. */
function mergedMethods(call: Call) {
  const each = <Item, Answer>(run: (items: readonly Item[]) => Promise<readonly Answer[]>) =>
    createMergedCall<Item, readonly Answer[], readonly Answer[]>({ run, split: splitByLength });
  const silent = <Item>(run: (items: readonly Item[]) => Promise<void>) =>
    createMergedCall<Item, void, void>({ run, split: (_, calls) => calls.map(() => undefined) });
  const changing = (run: (marks: readonly RealtimeMark[]) => Promise<readonly RealtimeChange[]>) =>
    createMergedCall({ run, split: splitChanges });
  const claimKeys = each((claims: Args<'claimIdempotencyKeys'>[0]) => call('claimIdempotencyKeys', claims));
  const completeKeys = silent((keys: Args<'completeIdempotencyKeys'>[0]) => call('completeIdempotencyKeys', keys));
  return {
    beginAccept: each((items: Args<'beginAccept'>[0]) => call('beginAccept', items)),
    markAccepted: silent((ids: Args<'markAccepted'>[0]) => call('markAccepted', ids)),
    async claimIdempotencyKey(claim: Args<'claimIdempotencyKeys'>[0][number]) {
      const [claimed] = await claimKeys([claim]);
      if (claimed === undefined) throw new Error('a claim got no answer');
      return claimed;
    },
    completeIdempotencyKey: (tenant: string, key: string, response: StoredResponse) =>
      completeKeys([{ tenant, key, response }]),
    loadRecipients: each((recipients: Args<'loadRecipients'>[0]) => call('loadRecipients', recipients)),
    route: each((entries: Args<'route'>[0]) => call('route', entries)),
    readGate: each((refs: Args<'readGate'>[0]) => call('readGate', refs)),
    settle: each((settlements: Args<'settle'>[0]) => call('settle', settlements)),
    removeTimers: silent((timers: Args<'removeTimers'>[0]) => call('removeTimers', timers)),
    heads: each((users: Args<'heads'>[0]) => call('heads', users)),
    markSent: changing((marks) => call('markSent', marks)),
    acknowledge: changing((marks) => call('acknowledge', marks)),
    markRead: changing((marks) => call('markRead', marks)),
  };
}

/** Methods that share no more than the transaction with what is called at the same time. */
function singleMethods(single: <N extends Name>(name: N) => (...args: Args<N>) => Promise<Result<N>>) {
  return {
    releaseIdempotencyKey: single('releaseIdempotencyKey'),
    expandAudience: single('expandAudience'),
    claimDueTimers: single('claimDueTimers'),
    nextTimerInMs: single('nextTimerInMs'),
    epoch: single('epoch'),
    readStream: single('readStream'),
    readInbox: single('readInbox'),
    markAllRead: single('markAllRead'),
    readNotification: single('readNotification'),
    cancelNotification: single('cancelNotification'),
    listDeadLetters: single('listDeadLetters'),
    groupDeadLetters: single('groupDeadLetters'),
    redrive: single('redrive'),
    putUnreadableJobs: single('putUnreadableJobs'),
    listUnreadableJobs: single('listUnreadableJobs'),
    registerDevice: single('registerDevice'),
    listDevices: single('listDevices'),
    removeDevice: single('removeDevice'),
    readPreferences: single('readPreferences'),
    writePreferences: single('writePreferences'),
    subscribeTopic: single('subscribeTopic'),
    unsubscribeTopic: single('unsubscribeTopic'),
    listSubscribers: single('listSubscribers'),
    findApiKey: single('findApiKey'),
    putApiKey: single('putApiKey'),
    createTicket: single('createTicket'),
    consumeTicket: single('consumeTicket'),
    purge: single('purge'),
    figures: single('figures'),
  };
}

/** Failures of the disk or the thread, which say nothing about the call. */
function isOutage(error: unknown): error is ThreadError {
  if (!(error instanceof ThreadError)) return false;
  if (error.code === 'thread-died' || error.code === 'thread-closed') return true;
  return error.sqliteCode !== undefined && OUTAGE_CODES.has(error.sqliteCode & 0xff);
}
