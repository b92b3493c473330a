import type { Cancel, Clock } from '@belfry/core/clock';
import type { Log } from '@belfry/core/log';
import { RECEIPTS_TOPIC, recipientKey } from '@belfry/protocol/log-topics';
import type { Receipt } from '@belfry/protocol/receipt';

/** What happened, without the version and the time that the feed adds. */
export type ReceiptFacts = Omit<Receipt, 'v' | 'atMs'>;

/** The output feed of state changes. Nothing else waits for it: what happens within a moment is appended together. */
export type ReceiptFeed = {
  /** Takes lines for the feed and returns at once. */
  put(facts: readonly ReceiptFacts[]): void;
  /**
   * Resolves when all that was put before is in the log; rejects when the log does not take it. A worker waits for it before it commits what caused
   * the lines, so the feed has them at least once.
   */
  flushed(): Promise<void>;
};

export type ReceiptFeedOptions = {
  readonly log: Pick<Log, 'append'>;
  readonly clock: Clock;
  /**
   * Where nothing waits for `flushed()`: lines that the log did not take are dropped and their number is told; the store knows the state. Without it they are kept for the
   * next try.
   */
  readonly onLost?: (count: number, error: unknown) => void;
};

/** Each append costs the log as much as one with many lines, and jobs wait behind it. */
const GATHER_MS = 250;
/** Lines in one append; as many are not kept waiting any longer. */
const MAX_LINES = 1_000;

type Line = { readonly key: string; readonly value: Uint8Array };

export function createReceiptFeed({ log, clock, onLost }: ReceiptFeedOptions): ReceiptFeed {
  let waiting: Line[] = [];
  let lastFlush: Promise<void> = Promise.resolve();
  let flushes = 0;
  let cancelGathering: Cancel | undefined;

  /** After the one before, so that the feed has the lines in the order in which they were put. */
  function flush(): Promise<void> {
    cancelGathering?.();
    cancelGathering = undefined;
    flushes++;
    lastFlush = lastFlush
      .catch(() => {})
      .then(appendAll)
      .finally(() => {
        flushes--;
      });
    return lastFlush;
  }

  /** A failure is told by `onLost`, or to who waits for `flushed`: the lines are still there. */
  function flushUnwatched(): void {
    flush().catch(() => {});
  }

  async function appendAll(): Promise<void> {
    while (waiting.length > 0) {
      const lines = waiting.slice(0, MAX_LINES);
      waiting = waiting.slice(lines.length);
      try {
        await log.append(RECEIPTS_TOPIC, lines);
      } catch (error) {
        if (onLost === undefined) {
          waiting = [...lines, ...waiting];
          throw error;
        }
        onLost(lines.length, error);
      }
    }
  }

  return {
    put(facts) {
      const atMs = clock.nowMs();
      for (const fact of facts) {
        waiting.push({
          key: recipientKey(fact.tenant, fact.recipient ?? fact.notificationId),
          value: Buffer.from(JSON.stringify({ v: 1, atMs, ...fact } satisfies Receipt)),
        });
      }
      if (waiting.length >= MAX_LINES && flushes === 0) flushUnwatched();
      else if (waiting.length > 0) cancelGathering ??= clock.schedule(GATHER_MS, flushUnwatched);
    },
    flushed: flush,
  };
}

/** For feeds that may lose lines: says that it happened. */
export function logLostReceipts(logger: {
  error(fields: object, message: string): void;
}): NonNullable<ReceiptFeedOptions['onLost']> {
  return (count, error) => logger.error({ err: error, count }, 'receipts were not appended to the feed');
}
