import { expect, it } from 'vitest';
import { memoryTrend } from './memory-trend.ts';

const mebibytes = (...samples: readonly number[]) => samples.map((sample) => sample * 1_048_576);

it('tells warming up from growing', () => {
  expect(memoryTrend(mebibytes(50, 60, 90, 95, 99, 300, 101, 100))).toEqual({
    quartersMiB: { first: 60, second: 95, third: 300, last: 101 },
    maxMiB: 300,
    lateGrowthMiB: -199,
  });
  expect(memoryTrend(mebibytes(10, 20, 30, 40)).lateGrowthMiB).toBe(10);
});

it('is flat where nothing was sampled', () => {
  expect(memoryTrend([])).toEqual({
    quartersMiB: { first: 0, second: 0, third: 0, last: 0 },
    maxMiB: 0,
    lateGrowthMiB: 0,
  });
});
