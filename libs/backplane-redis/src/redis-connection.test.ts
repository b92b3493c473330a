import { expect, it } from 'vitest';
import { reconnectAfterMs } from './redis-connection.ts';

it('waits longer with each attempt, up to 5 s, half of it by chance', () => {
  expect([1, 2, 3, 6, 7, 100].map((attempt) => reconnectAfterMs(attempt, 0))).toEqual([
    50, 100, 200, 1_600, 2_500, 2_500,
  ]);
  expect([1, 7, 100].map((attempt) => reconnectAfterMs(attempt, 0.999_999))).toEqual([100, 5_000, 5_000]);
});
