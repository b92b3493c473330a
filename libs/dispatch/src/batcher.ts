import type { Clock } from '@belfry/core/clock';

const DEFAULT_MAX_BATCH = 1_000;

export type BatcherOptions<Item> = {
  /** A batch is full once its weights add up to this; default 1,000. A single heavier item makes a batch of its own. */
  readonly maxBatch?: number;
  /** Batches under way at once; default 1, which also keeps the order of the items over batches. */
  readonly inFlight?: number;
  /** What an item counts for; default 1. */
  readonly weightOf?: (item: Item) => number;
  /** How long the first item of a batch waits for others, where nobody waits for the items; by default not at all. */
  readonly gather?: { readonly clock: Clock; readonly ms: number };
};

/**
 * Turns calls for one item into calls for many: items handed in while a batch is under way (or within the same turn of the event loop) go together in the next.
 * No timer unless one is asked for, so a lone call waits for nothing. A batch that rejects rejects each of its items; results are in the order of the items.
 */
export function createBatcher<Item, Result>(
  run: (items: readonly Item[]) => Promise<readonly Result[]>,
  options: BatcherOptions<Item> = {},
): (item: Item) => Promise<Result> {
  const maxBatch = options.maxBatch ?? DEFAULT_MAX_BATCH;
  const maxInFlight = options.inFlight ?? 1;
  const { weightOf, gather } = options;
  let waiting: { item: Item; resolve: (result: Result) => void; reject: (error: unknown) => void }[] = [];
  let inFlight = 0;
  let scheduled = false;

  const sizeOfNext = (): number => {
    if (weightOf === undefined) return maxBatch;
    let weight = 0;
    const full = waiting.findIndex(({ item }) => {
      weight += weightOf(item);
      return weight > maxBatch;
    });
    return full === -1 ? waiting.length : Math.max(1, full);
  };

  const flush = (): void => {
    scheduled = false;
    while (waiting.length > 0 && inFlight < maxInFlight) {
      const size = sizeOfNext();
      const batch = waiting.slice(0, size);
      waiting = waiting.slice(size);
      inFlight++;
      void send(batch);
    }
  };

  const send = async (batch: typeof waiting): Promise<void> => {
    try {
      const results = await run(batch.map((entry) => entry.item));
      for (const [index, entry] of batch.entries()) entry.resolve(results[index] as Result);
    } catch (error) {
      for (const entry of batch) entry.reject(error);
    } finally {
      inFlight--;
      flush();
    }
  };

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (!scheduled && inFlight < maxInFlight) {
        scheduled = true;
        if (gather === undefined) setImmediate(flush);
        else gather.clock.schedule(gather.ms, flush);
      }
    });
}
