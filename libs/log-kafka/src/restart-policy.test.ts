import { createSeededRandom } from '@belfry/testing/seeded-random';
import { expect, it } from 'vitest';
import { createRestartPolicy, pauseAfterMs } from './restart-policy.ts';

it('pauses longer after each failure, up to five seconds', () => {
  expect([1, 2, 3, 4, 5, 6, 50].map((failures) => pauseAfterMs(failures, undefined))).toEqual([
    200, 400, 800, 1_600, 3_200, 5_000, 5_000,
  ]);
  expect(pauseAfterMs(6, createSeededRandom(1))).toBeLessThanOrEqual(6_250);
});

it('is fatal after five failures in a row that last long enough', () => {
  const policy = createRestartPolicy(10_000, undefined);
  const verdicts = [0, 1_000, 2_000, 3_000, 4_000, 9_999, 10_000].map((nowMs) => policy.failed(nowMs, 500));
  expect(verdicts).toEqual([200, 400, 800, 1_600, 3_200, 5_000, 'fatal']);
});

it('is not fatal before five, however long they last', () => {
  const policy = createRestartPolicy(10_000, undefined);
  expect([0, 60_000, 120_000, 180_000].map((nowMs) => policy.failed(nowMs, 500))).not.toContain('fatal');
});

it('forgets failures after a while of work, and those that were excused', () => {
  const policy = createRestartPolicy(0, undefined);
  for (let count = 0; count < 4; count++) policy.failed(0, 500);
  expect(policy.failed(100_000, 5_000)).toBe(200);
  for (let count = 0; count < 3; count++) policy.failed(100_000, 500);
  policy.excused();
  expect(policy.failed(100_000, 500)).toBe(200);
});
