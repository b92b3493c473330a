import { type Clock, sleep } from '@belfry/core/clock';
import type { NotificationId } from '@belfry/core/notification';
import type { RecipientKey } from '@belfry/core/store/routing';
import type { RealtimeMark } from '@belfry/core/store/user-stream';
import { isUnavailable } from '@belfry/core/unavailable-error';
import type { RealtimeState } from '@belfry/dispatch';

/** What connections tell about notifications, gathered from all of them and written in one call per kind and turn. */
export type Acks = {
  sent(user: RecipientKey, id: NotificationId): void;
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

export function createAcks({ realtime, clock, onError }: AcksOptions): Acks {
  const sent = createMarkBatch((marks) => realtime.sent(marks), clock, onError);
  const acknowledged = createMarkBatch((marks) => realtime.acknowledge(marks), clock, onError);
  const read = createMarkBatch((marks) => realtime.read(marks), clock, onError);
  const batches = [sent, acknowledged, read];
  return {
    sent: (user, id) => sent.add(user, [id]),
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

type Waiting = { readonly user: RecipientKey; readonly ids: Set<NotificationId> };

function createMarkBatch(
  write: (marks: readonly RealtimeMark[]) => Promise<unknown>,
  clock: Clock,
  onError: (error: unknown) => void,
) {
  const waiting = new Map<string, Waiting>();
  let count = 0;
  let running: Promise<void> | undefined;
  const stopping = new AbortController();

  const take = (): RealtimeMark[] => {
    const marks: RealtimeMark[] = [];
    let taken = 0;
    for (const [key, { user, ids }] of waiting) {
      if (taken >= IDS_PER_CALL) break;
      waiting.delete(key);
      taken += ids.size;
      marks.push({ tenant: user.tenant, user: user.user, notificationIds: [...ids] });
    }
    count -= taken;
    return marks;
  };

  const run = async (): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve));
    while (count > 0) {
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
        await sleep(clock, RETRY_MS, stopping.signal);
      }
    }
    running = undefined;
  };

  const add = (user: RecipientKey, ids: readonly NotificationId[]): void => {
    if (count + ids.length > KEPT_IDS) return;
    const key = `${user.tenant}/${user.user}`;
    let entry = waiting.get(key);
    if (entry === undefined) {
      entry = { user, ids: new Set() };
      waiting.set(key, entry);
    }
    const before = entry.ids.size;
    for (const id of ids) entry.ids.add(id);
    count += entry.ids.size - before;
    running ??= run();
  };

  return { add, settled: () => running ?? Promise.resolve(), stop: () => stopping.abort() };
}
