import { UnavailableError } from '@belfry/core/unavailable-error';
import { describe, expect, it } from 'vitest';
import { createMergedCall, splitByLength } from './merged-calls.ts';

/** A batch method that records its calls and answers each item with its double, once it is let go. */
function createDoubler(options: { readonly held?: boolean } = {}) {
  const calls: (readonly number[])[] = [];
  const waiting: (() => void)[] = [];
  const call = createMergedCall<number, readonly number[], readonly number[]>({
    async run(items) {
      calls.push(items);
      if (options.held) await new Promise<void>((resolve) => waiting.push(resolve));
      if (items.includes(-1)) throw new TypeError('a bad item');
      if (items.includes(-2)) throw new UnavailableError('store-unavailable', 'gone');
      return items.map((item) => item * 2);
    },
    split: splitByLength,
    maxRunning: 2,
  });
  return { call, calls, release: () => waiting.shift()?.() };
}

const turns = async () => {
  for (let turn = 0; turn < 3; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
};

describe('createMergedCall', () => {
  it('makes one call of those of a turn and gives each its part', async () => {
    const { call, calls } = createDoubler();
    expect(await Promise.all([call([1, 2]), call([]), call([3]), call([1])])).toEqual([[2, 4], [], [6], [2]]);
    expect(calls).toEqual([[1, 2, 3, 1]]);
  });

  it('gathers while two calls are under way', async () => {
    const { call, calls, release } = createDoubler({ held: true });
    const answers: Promise<readonly number[]>[] = [];
    for (let item = 1; item <= 6; item++) {
      answers.push(call([item]));
      await turns();
    }
    expect(calls).toEqual([[1], [2]]);
    release();
    await turns();
    expect(calls).toEqual([[1], [2], [3, 4, 5, 6]]);
    release();
    release();
    expect(await Promise.all(answers)).toEqual([[2], [4], [6], [8], [10], [12]]);
  });

  it('fails a call for its own items only', async () => {
    const { call } = createDoubler();
    const answers = await Promise.allSettled([call([1]), call([-1]), call([2])]);
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  it('does not try calls one by one in an outage', async () => {
    const { call, calls } = createDoubler();
    const answers = await Promise.allSettled([call([1]), call([-2]), call([2])]);
    expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(calls).toHaveLength(1);
  });

  it('never merges more than it may, and keeps the order', async () => {
    const { call, calls } = createDoubler();
    const lists = Array.from({ length: 5 }, (_, index) => Array.from({ length: 900 }, () => index));
    await Promise.all(lists.map((items) => call(items)));
    expect(calls.map((items) => items.length)).toEqual([1_800, 1_800, 900]);
    expect(calls.flat()).toEqual(lists.flat());
  });
});
