import { isUnavailable } from '@belfry/core/unavailable-error';

export type Merge<Item, Answer, Result> = {
  /** The batch method. */
  readonly run: (items: readonly Item[]) => Promise<Answer>;
  /** Gives each call its part of the answer to all their items, in the order of the calls. */
  readonly split: (answer: Answer, calls: readonly (readonly Item[])[]) => readonly Result[];
  /** Merged calls under way at a time; what comes meanwhile goes together. */
  readonly maxRunning: number;
};

/** Beyond this a call waits for its turn: one merged call must not hold up everybody else's for long. */
const MAX_ITEMS = 2_000;

type Waiting<Item, Result> = {
  readonly items: readonly Item[];
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
};

/**
 * Merges calls that are made at the same time: a statement for many rows costs little more than one for a single row. Items keep the
 * order of the calls. Where a merged call fails, each of its calls is repeated alone, so that nobody fails for another's items.
 */
export function createMergedCall<Item, Answer, Result>({
  run,
  split,
  maxRunning,
}: Merge<Item, Answer, Result>): (items: readonly Item[]) => Promise<Result> {
  let waiting: Waiting<Item, Result>[] = [];
  let running = 0;
  let scheduled = false;

  function schedule(): void {
    if (scheduled || running >= maxRunning || waiting.length === 0) return;
    scheduled = true;
    // The end of this turn: everything that this turn's sockets asked for goes together.
    setImmediate(() => {
      scheduled = false;
      void runMerged(takeNext());
    });
  }

  async function runMerged(calls: readonly Waiting<Item, Result>[]): Promise<void> {
    running++;
    schedule();
    try {
      const parts = await runTogether(calls);
      for (const [index, call] of calls.entries()) call.resolve(parts[index] as Result);
    } catch (error) {
      // An outage says nothing about the items.
      if (calls.length === 1 || isUnavailable(error)) for (const call of calls) call.reject(error);
      else
        for (const call of calls) await runTogether([call]).then(([part]) => call.resolve(part as Result), call.reject);
    } finally {
      running--;
      schedule();
    }
  }

  async function runTogether(calls: readonly Waiting<Item, Result>[]): Promise<readonly Result[]> {
    const lists = calls.map((call) => call.items);
    return split(await run(lists.length === 1 ? (lists[0] ?? []) : lists.flat()), lists);
  }

  function takeNext(): readonly Waiting<Item, Result>[] {
    let count = 0;
    let items = 0;
    for (const call of waiting) {
      if (count > 0 && items + call.items.length > MAX_ITEMS) break;
      count++;
      items += call.items.length;
    }
    const taken = waiting.slice(0, count);
    waiting = waiting.slice(count);
    return taken;
  }

  return (items) =>
    new Promise((resolve, reject) => {
      waiting.push({ items, resolve, reject });
      schedule();
    });
}

/** For a method that answers each item, in the order of the items. */
export function splitByLength<Item, Result>(
  answer: readonly Result[],
  calls: readonly (readonly Item[])[],
): readonly (readonly Result[])[] {
  if (calls.length === 1) return [answer];
  let start = 0;
  return calls.map((items) => {
    const part = answer.slice(start, start + items.length);
    start += items.length;
    return part;
  });
}
