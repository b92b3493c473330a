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
  /** Called with the number of receipts that the feed did not take. They are only a feed: the store knows the state. */
  readonly onLost: (count: number, error: unknown) => void;
};

/** Appends to the receipts feed beside the request that caused it. */
export function createReceiptOutbox({ receipts, onLost }: ReceiptOutboxOptions): ReceiptOutbox {
  const underWay = new Set<Promise<void>>();
  return {
    put(facts) {
      const append = receipts
        .append(facts)
        .catch((error: unknown) => onLost(facts.length, error))
        .finally(() => underWay.delete(append));
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
