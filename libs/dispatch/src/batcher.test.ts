import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createBatcher } from './batcher.ts';

/** A run whose batches end when the test says so. */
function heldRun() {
  const batches: { items: readonly number[]; end(): void; fail(error: Error): void }[] = [];
  const run = (items: readonly number[]) =>
    new Promise<readonly string[]>((resolve, reject) => {
      batches.push({ items, end: () => resolve(items.map((item) => `r${item}`)), fail: reject });
    });
  return { batches, run };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('createBatcher', () => {
  it('puts together what comes in one turn, and what comes while a batch is under way', async () => {
    const { batches, run } = heldRun();
    const call = createBatcher(run);
    const first = [call(1), call(2)];
    await turn();
    const second = [call(3), call(4)];
    await turn();
    expect(batches.map(({ items }) => items)).toEqual([[1, 2]]);
    batches[0]?.end();
    expect(await Promise.all(first)).toEqual(['r1', 'r2']);
    expect(batches.map(({ items }) => items)).toEqual([
      [1, 2],
      [3, 4],
    ]);
    batches[1]?.end();
    expect(await Promise.all(second)).toEqual(['r3', 'r4']);
  });

  it('has no more batches under way than it may, and none larger', async () => {
    const { batches, run } = heldRun();
    const call = createBatcher(run, { maxBatch: 2, inFlight: 2 });
    const calls = Promise.all([1, 2, 3, 4, 5].map(call));
    await turn();
    expect(batches.map(({ items }) => items)).toEqual([
      [1, 2],
      [3, 4],
    ]);
    batches[1]?.end();
    await turn();
    batches[0]?.end();
    batches[2]?.end();
    expect(await calls).toEqual(['r1', 'r2', 'r3', 'r4', 'r5']);
  });

  it('rejects each item of a batch that fails, and goes on with the next', async () => {
    const { batches, run } = heldRun();
    const call = createBatcher(run);
    const failing = Promise.allSettled([call(1), call(2)]);
    await turn();
    const next = call(3);
    batches[0]?.fail(new Error('no'));
    expect((await failing).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    batches[1]?.end();
    expect(await next).toBe('r3');
  });

  it('rejects where the run throws before it returns a promise', async () => {
    const call = createBatcher<number, number>(() => {
      throw new Error('at once');
    });
    await expect(call(1)).rejects.toThrow('at once');
    await expect(call(2)).rejects.toThrow('at once');
  });

  it('gives every item its own result, in the order in which they came, whatever the load', async () => {
    const options = fc.record({ maxBatch: fc.integer({ min: 1, max: 5 }), inFlight: fc.integer({ min: 1, max: 3 }) });
    await fc.assert(
      fc.asyncProperty(options, fc.array(fc.boolean(), { maxLength: 30 }), async (limits, pauses) => {
        const started: number[] = [];
        let running = 0;
        const call = createBatcher<number, string>(async (items) => {
          running++;
          expect(running).toBeLessThanOrEqual(limits.inFlight);
          expect(items.length).toBeLessThanOrEqual(limits.maxBatch);
          started.push(...items);
          await turn();
          running--;
          return items.map((item) => `r${item}`);
        }, limits);
        const calls: Promise<string>[] = [];
        for (const [index, pause] of pauses.entries()) {
          calls.push(call(index));
          if (pause) await turn();
        }
        expect(await Promise.all(calls)).toEqual(pauses.map((_, index) => `r${index}`));
        expect(started).toEqual(pauses.map((_, index) => index));
      }),
      { numRuns: 50 },
    );
  });

  it('fills a batch by weight, and gives an item that is too heavy a batch of its own', async () => {
    const batches: number[][] = [];
    const call = createBatcher<number, void>(
      async (items) => {
        batches.push([...items]);
        return items.map(() => undefined);
      },
      { maxBatch: 10, weightOf: (item) => item },
    );
    await Promise.all([4, 6, 1, 20, 5, 5].map((item) => call(item)));
    expect(batches).toEqual([[4, 6], [1], [20], [5, 5]]);
  });
});
