import { type Clock, sleep } from '@belfry/core/clock';
import type { NotificationId } from '@belfry/core/notification';
import type { RecipientKey } from '@belfry/core/store/routing';
import type { RealtimeMark } from '@belfry/core/store/user-stream';
import { isUnavailable } from '@belfry/core/unavailable-error';
import type { RealtimeState } from '@belfry/dispatch';

/** What connections tell about notifications, gathered from all of them for a moment and written in one call per kind. */
export type Acks = {
  /** `user` is the hub's object; what is told of the same object goes into one mark. */
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
/** Nobody waits for these writes, but each of them costs the store and the receipts feed as much as one for many. */
const GATHER_MS = 20;

export function createAcks({ realtime, clock, onError }: AcksOptions): Acks {
  const sent = createMarkBatch((marks) => realtime.sent(marks), clock, onError);
  const acknowledged = createMarkBatch((marks) => realtime.acknowledge(marks), clock, onError);
  const read = createMarkBatch((marks) => realtime.read(marks), clock, onError);
  const batches = [sent, acknowledged, read];
  return {
    sent: sent.add,
    acknowledge: acknowledged.add,
    read: read.add,
    async settled() {
      await Promise.all(batches.map((batch) => batch.settled()));
    },
    stop() {
      for (const batch of batches) batch.stop();
    },
  };
}

function createMarkBatch(
  write: (marks: readonly RealtimeMark[]) => Promise<unknown>,
  clock: Clock,
  onError: (error: unknown) => void,
) {
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
      if (count < IDS_PER_CALL) await sleep(clock, GATHER_MS, stopping.signal);
      const marks = take();
      try {
        await write(marks);
      } catch (error) {
        if (!isUnavailable(error)) {
          onError(error);
          continue;
        }
        if (stopping.signal.aborted) continue;
        for (const mark of marks) add({ tenant: mark.tenant, user: mark.user }, mark.notificationIds);
        await sleep(clock, RETRY_MS - GATHER_MS, stopping.signal);
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

  return { add, settled: () => running ?? Promise.resolve(), stop: () => stopping.abort() };
}
