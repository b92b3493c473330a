import type { StoredResponse } from '@belfry/core/store/idempotency';
import type { Store } from '@belfry/core/store/store';
import type { RealtimeChange, RealtimeMark } from '@belfry/core/store/user-stream';
import { createMergedCall, splitByLength } from './merged-calls.ts';
import { splitChanges } from './split-changes.ts';
import type { StoreMethods } from './store-methods.ts';

export type CallName = keyof StoreMethods;
export type CallArgs<N extends CallName> = StoreMethods[N] extends (context: never, ...args: infer A) => unknown
  ? A
  : never;
export type CallResult<N extends CallName> = Awaited<ReturnType<StoreMethods[N]>>;

/** Runs a use case in the database: a thread's, or a connection's. */
export type StoreCall = <N extends CallName>(name: N, ...args: CallArgs<N>) => Promise<CallResult<N>>;

/** The port's methods over such a call. Of each batch method at most `maxRunning` calls are under way; what is asked for meanwhile goes together. */
export function createStoreClient(call: StoreCall, maxRunning: number): Omit<Store, 'close'> {
  const single =
    <N extends CallName>(name: N) =>
    (...args: CallArgs<N>) =>
      call(name, ...args);
  return { ...mergedMethods(call, maxRunning), ...singleMethods(single) };
}

/** Methods that take a batch: concurrent calls of one become one. */
function mergedMethods(call: StoreCall, maxRunning: number) {
  const each = <Item, Answer>(run: (items: readonly Item[]) => Promise<readonly Answer[]>) =>
    createMergedCall<Item, readonly Answer[], readonly Answer[]>({ run, split: splitByLength, maxRunning });
  const silent = <Item>(run: (items: readonly Item[]) => Promise<void>) =>
    createMergedCall<Item, void, void>({ run, split: (_, calls) => calls.map(() => undefined), maxRunning });
  const changing = (run: (marks: readonly RealtimeMark[]) => Promise<readonly RealtimeChange[]>) =>
    createMergedCall({ run, split: splitChanges, maxRunning });
  const claimKeys = each((claims: CallArgs<'claimIdempotencyKeys'>[0]) => call('claimIdempotencyKeys', claims));
  const completeKeys = silent((keys: CallArgs<'completeIdempotencyKeys'>[0]) => call('completeIdempotencyKeys', keys));
  return {
    beginAccept: each((items: CallArgs<'beginAccept'>[0]) => call('beginAccept', items)),
    markAccepted: silent((ids: CallArgs<'markAccepted'>[0]) => call('markAccepted', ids)),
    async claimIdempotencyKey(claim: CallArgs<'claimIdempotencyKeys'>[0][number]) {
      const [claimed] = await claimKeys([claim]);
      if (claimed === undefined) throw new Error('a claim got no answer');
      return claimed;
    },
    completeIdempotencyKey: (tenant: string, key: string, response: StoredResponse) =>
      completeKeys([{ tenant, key, response }]),
    route: each((entries: CallArgs<'route'>[0]) => call('route', entries)),
    readGate: each((refs: CallArgs<'readGate'>[0]) => call('readGate', refs)),
    settle: each((settlements: CallArgs<'settle'>[0]) => call('settle', settlements)),
    removeTimers: silent((timers: CallArgs<'removeTimers'>[0]) => call('removeTimers', timers)),
    heads: each((users: CallArgs<'heads'>[0]) => call('heads', users)),
    markSent: changing((marks) => call('markSent', marks)),
    acknowledge: changing((marks) => call('acknowledge', marks)),
    markRead: changing((marks) => call('markRead', marks)),
  };
}

/** Methods that share no more than the transaction with what is called at the same time. */
function singleMethods(single: <N extends CallName>(name: N) => (...args: CallArgs<N>) => Promise<CallResult<N>>) {
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
    setApiKeys: single('setApiKeys'),
    createTicket: single('createTicket'),
    consumeTicket: single('consumeTicket'),
    expireUnseen: single('expireUnseen'),
    purge: single('purge'),
    figures: single('figures'),
  };
}
