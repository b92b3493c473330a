import { describe, expect, it } from 'vitest';
import { describeProblem } from './api.ts';
import { coalesce } from './coalesce.ts';
import { formatDuration, formatRemaining } from './format.ts';
import { createRefreshQueue } from './refresh-queue.ts';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('coalesce', () => {
  it('never reads twice at once, and once more for everything that was asked meanwhile', async () => {
    const ends: (() => void)[] = [];
    const read = coalesce(() => new Promise((resolve) => ends.push(resolve)));
    read();
    read();
    read();
    expect(ends).toHaveLength(1);
    ends[0]?.();
    await turn();
    expect(ends).toHaveLength(2);
    ends[1]?.();
    await turn();
    expect(ends).toHaveLength(2);
    read();
    expect(ends).toHaveLength(3);
  });
});

describe('createRefreshQueue', () => {
  it('refreshes a few at a time, each id once for all that waits, and again for what came while it ran', async () => {
    const running = new Map<string, () => void>();
    const order: string[] = [];
    const queue = createRefreshQueue((id) => {
      order.push(id);
      return new Promise((resolve) => running.set(id, resolve));
    });
    const end = async (id: string) => {
      running.get(id)?.();
      await turn();
    };
    for (const id of ['a', 'b', 'c', 'd', 'e', 'e', 'a', 'a']) queue.add(id);
    expect(order).toEqual(['a', 'b', 'c', 'd']);
    await end('b');
    expect(order).toEqual(['a', 'b', 'c', 'd', 'e']);
    await end('a');
    expect(order).toEqual(['a', 'b', 'c', 'd', 'e', 'a']);
    for (const id of ['c', 'd', 'e', 'a']) await end(id);
    expect(order).toHaveLength(6);
  });
});

describe('describeProblem', () => {
  it.each([
    [{ field: '/title', detail: 'at most 256 characters', limit: 256 }, '/title: at most 256 characters'],
    [{ field: '/title', detail: 'too long', limit: 256 }, '/title: too long (limit 256)'],
    [{ detail: 'at most 16,384 bytes', limit: 16_384 }, 'at most 16,384 bytes'],
    [{}, 'Broken'],
  ])('%j', (problem, text) => {
    expect(describeProblem({ status: 400, title: 'Broken', ...problem })).toBe(text);
  });
});

describe('durations', () => {
  it.each([
    [-3, '0 ms'],
    [7.6, '8 ms'],
    [1_240, '1.2 s'],
    [35_400, '35 s'],
    [600_000, '10 min'],
    [21_600_000, '6 h'],
  ])('%d is %s', (ms, text) => expect(formatDuration(ms)).toBe(text));

  it.each([
    [-1, '0 s'],
    [1, '1 s'],
    [3_001, '4 s'],
    [119_000, '119 s'],
    [600_000, '10 min'],
  ])('%d left is %s', (ms, text) => expect(formatRemaining(ms)).toBe(text));
});
