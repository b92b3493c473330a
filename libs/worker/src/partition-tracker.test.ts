import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPartitionTracker } from './partition-tracker.ts';

function taking(offsets: readonly bigint[], lookAhead = 10_000) {
  const tracker = createPartitionTracker(lookAhead);
  return { tracker, tickets: new Map(offsets.map((offset) => [offset, tracker.take(offset)])) };
}

describe('watermark', () => {
  it.each([
    { name: 'nothing done: the first taken', taken: [5n, 6n], done: [], next: 5n },
    { name: 'in order', taken: [5n, 6n, 7n], done: [5n, 6n], next: 7n },
    { name: 'a hole holds it', taken: [5n, 6n, 7n], done: [6n, 7n], next: 5n },
    { name: 'closing the hole moves it past all done', taken: [5n, 6n, 7n], done: [7n, 6n, 5n], next: 8n },
    { name: 'over offsets the log never shows', taken: [5n, 9n, 20n], done: [5n], next: 9n },
    { name: 'to just behind the last when all is done', taken: [5n, 9n, 20n], done: [20n, 5n, 9n], next: 21n },
    { name: 'beyond what a double holds', taken: [2n ** 60n, 2n ** 60n + 1n], done: [2n ** 60n], next: 2n ** 60n + 1n },
  ])('$name', ({ taken, done, next }) => {
    const { tracker, tickets } = taking(taken);
    for (const offset of done) tracker.finish(tickets.get(offset) ?? -1);
    expect(tracker.committable()).toBe(next);
  });

  it('is unknown before the first record', () => {
    expect(createPartitionTracker(1).committable()).toBeUndefined();
  });
});

describe('look-ahead', () => {
  it.each([
    { name: 'everything fits an empty tracker', taken: [], offset: 1_000_000n, verdict: 'take' },
    { name: 'below the bound', taken: [10n], offset: 14n, verdict: 'take' },
    { name: 'at the bound', taken: [10n], offset: 15n, verdict: 'full' },
    { name: 'the same again', taken: [10n, 11n], offset: 11n, verdict: 'repeat' },
    { name: 'an earlier one', taken: [10n, 12n], offset: 11n, verdict: 'repeat' },
  ])('$name: $verdict', ({ taken, offset, verdict }) => {
    expect(taking(taken, 5).tracker.verdict(offset)).toBe(verdict);
  });

  it('counts from the watermark, whatever is done above it', () => {
    const { tracker, tickets } = taking([10n, 11n, 12n], 5);
    tracker.finish(tickets.get(11n) ?? -1);
    expect(tracker.verdict(15n)).toBe('full');
    tracker.finish(tickets.get(10n) ?? -1);
    expect(tracker.verdict(16n)).toBe('take');
    expect(tracker.verdict(17n)).toBe('full');
  });
});

it('agrees with the definition for any gaps and any order of completion', () => {
  const offsets = fc.uniqueArray(fc.bigInt({ min: 0n, max: 2_000n }), { minLength: 1, maxLength: 300, size: 'max' });
  const shuffled = offsets.chain((list) =>
    fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
  );
  fc.assert(
    fc.property(shuffled, ([list, order]) => {
      const sorted = [...list].sort((a, b) => (a < b ? -1 : 1));
      const { tracker, tickets } = taking(sorted);
      const open = new Set(sorted);
      for (const offset of order) {
        const before = tracker.committable();
        const moved = tracker.finish(tickets.get(offset) ?? -1);
        open.delete(offset);
        const expected = sorted.find((one) => open.has(one)) ?? (sorted.at(-1) ?? 0n) + 1n;
        expect(tracker.committable()).toBe(expected);
        expect(moved).toBe(before !== expected);
      }
      expect(tracker.open).toBe(0);
    }),
    { numRuns: 50 },
  );
});
