import { type Clock, sleep } from '@belfry/core/clock';
import type { NotificationId } from '@belfry/core/notification';
import type { RecipientKey } from '@belfry/core/store/routing';
import type { RealtimeMark } from '@belfry/core/store/user-stream';
import { isUnavailable } from '@belfry/core/unavailable-error';
import type { RealtimeState } from '@belfry/dispatch';

/** What connections tell about notifications, gathered from all of them for a moment and written in one call per kind. */
export type Acks = {
  /** `user` is the hub's object; what is told of the same object goes into one mark. What is acknowledged or read soon after is not written as sent. */
  sent(user: RecipientKey, ids: readonly NotificationId[]): void;
  acknowledge(user: RecipientKey, ids: readonly NotificationId[]): void;
  read(user: RecipientKey, ids: readonly NotificationId[]): void;
  /** Resolves when all that was told so far is written or was given up. */
  settled(): Promise<void>;
  /** Gives up what an unavailable store does not take at once. */
  stop(): void;
};

export type AcksOptions = {
  readonly realtime: Pick<RealtimeState, 'sent' | 'acknowledge' | 'read'>;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
};

/** Ids kept while the store is down. Beyond it the newest are dropped: an unconfirmed notification stays unread in the inbox. */
const KEPT_IDS = 100_000;
const IDS_PER_CALL = 1_000;
const RETRY_MS = 500;
/** Nobody waits for these writes, but each of them costs the store as much as one for many. */
const GATHER_MS = 100;
/** Longer than a client of ours takes to acknowledge: what is acknowledged by then need not be written as sent first. */
const GATHER_SENT_MS = 200;

export function createAcks({ realtime, clock, onError }: AcksOptions): Acks {
  const batch = (write: (marks: readonly RealtimeMark[]) => Promise<unknown>, gatherMs: number) =>
    createMarkBatch({ write, gatherMs, clock, onError });
  const sent = batch((marks) => realtime.sent(marks), GATHER_SENT_MS);
  const acknowledged = batch((marks) => realtime.acknowledge(marks), GATHER_MS);
  const read = batch((marks) => realtime.read(marks), GATHER_MS);
  const batches = [sent, acknowledged, read];
  return {
    sent: sent.add,
    acknowledge(user, ids) {
      sent.remove(user, ids);
      acknowledged.add(user, ids);
    },
    read(user, ids) {
      sent.remove(user, ids);
      read.add(user, ids);
    },
    async settled() {
      await Promise.all(batches.map((batch) => batch.settled()));
    },
    stop() {
      for (const batch of batches) batch.stop();
    },
  };
}

type MarkBatchOptions = Pick<AcksOptions, 'clock' | 'onError'> & {
  readonly write: (marks: readonly RealtimeMark[]) => Promise<unknown>;
  readonly gatherMs: number;
};

function createMarkBatch({ write, gatherMs, clock, onError }: MarkBatchOptions) {
  // By the hub's own object, which all connections of a user share: a joined key would have to be built and hashed for every mark.
  const waiting = new Map<RecipientKey, NotificationId[]>();
  let count = 0;
  let running: Promise<void> | undefined;
  const stopping = new AbortController();

  const take = (): RealtimeMark[] => {
    const marks: RealtimeMark[] = [];
    let taken = 0;
    for (const [user, ids] of waiting) {
      if (taken >= IDS_PER_CALL) break;
      waiting.delete(user);
      taken += ids.length;
      marks.push({ tenant: user.tenant, user: user.user, notificationIds: ids.length === 1 ? ids : [...new Set(ids)] });
    }
    count -= taken;
    return marks;
  };

  const run = async (): Promise<void> => {
    while (count > 0) {
      if (count < IDS_PER_CALL) await sleep(clock, gatherMs, stopping.signal);
      const marks = take();
      if (marks.length === 0) continue;
      try {
        await write(marks);
      } catch (error) {
        if (!isUnavailable(error)) {
          onError(error);
          continue;
        }
        if (stopping.signal.aborted) continue;
        for (const mark of marks) add({ tenant: mark.tenant, user: mark.user }, mark.notificationIds);
        await sleep(clock, RETRY_MS - gatherMs, stopping.signal);
      }
    }
    running = undefined;
  };

  const add = (user: RecipientKey, ids: readonly NotificationId[]): void => {
    if (count + ids.length > KEPT_IDS) return;
    const before = waiting.get(user);
    if (before === undefined) waiting.set(user, [...ids]);
    else before.push(...ids);
    count += ids.length;
    running ??= run();
  };

  /** Forgets what has not been taken for a write yet. */
  const remove = (user: RecipientKey, ids: readonly NotificationId[]): void => {
    const before = waiting.get(user);
    if (before === undefined) return;
    const gone = new Set(ids);
    const left = before.filter((id) => !gone.has(id));
    count -= before.length - left.length;
    if (left.length > 0) waiting.set(user, left);
    else waiting.delete(user);
  };

  return { add, remove, settled: () => running ?? Promise.resolve(), stop: () => stopping.abort() };
}
