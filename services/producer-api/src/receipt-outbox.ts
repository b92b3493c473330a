import { type Clock, sleep } from '@belfry/core/clock';
import type { Service } from '@belfry/core/service';
import type { ReceiptFacts, ReceiptFeed } from '@belfry/dispatch';

export type ReceiptOutbox = {
  /** Returns at once. The producer's answer waits for the jobs, never for the feed. */
  put(facts: readonly ReceiptFacts[]): void;
  /** Waits for what is under way when the process ends. */
  readonly service: Service;
};

export type ReceiptOutboxOptions = {
  readonly receipts: ReceiptFeed;
  readonly clock: Clock;
  /** Called with the number of receipts that the feed did not take. They are only a feed: the store knows the state. */
  readonly onLost: (count: number, error: unknown) => void;
};

/** Nobody waits for these appends, and jobs would have to wait behind each of them. */
const GATHER_MS = 20;

/** Appends to the receipts feed beside the requests that caused it: what comes within a moment together. */
export function createReceiptOutbox({ receipts, clock, onLost }: ReceiptOutboxOptions): ReceiptOutbox {
  const underWay = new Set<Promise<void>>();
  let gathered: ReceiptFacts[] | undefined;

  async function appendLater(facts: ReceiptFacts[]): Promise<void> {
    await sleep(clock, GATHER_MS);
    gathered = undefined;
    try {
      await receipts.append(facts);
    } catch (error) {
      onLost(facts.length, error);
    }
  }

  return {
    put(facts) {
      if (gathered !== undefined) return void gathered.push(...facts);
      gathered = [...facts];
      const append = appendLater(gathered).finally(() => underWay.delete(append));
      underWay.add(append);
    },
    service: {
      name: 'producer-api',
      start: async () => undefined,
      async drain(deadline) {
        const late = new Promise<void>((resolve) => {
          if (deadline.aborted) resolve();
          deadline.addEventListener('abort', () => resolve(), { once: true });
        });
        await Promise.race([Promise.all(underWay), late]);
      },
      stop: async () => undefined,
    },
  };
}
