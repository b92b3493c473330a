import { createFakeClock } from '@belfry/testing/fake-clock';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createTokenBuckets } from './token-bucket.ts';

it('never gives more than the burst and the rate, and is right about when the next is there', async () => {
  const limits = fc.record({ ratePerSecond: fc.integer({ min: 1, max: 50 }), burst: fc.integer({ min: 1, max: 20 }) });
  const pausesMs = fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(limits, pausesMs, async (limit, pauses) => {
      const clock = createFakeClock();
      const buckets = createTokenBuckets(limit, clock);
      let taken = 0;
      for (const pauseMs of pauses) {
        await clock.advance(pauseMs);
        const waitMs = buckets.take('key');
        if (waitMs === 0) taken += 1;
        else expect(waitMs).toBeLessThanOrEqual(Math.ceil(1_000 / limit.ratePerSecond));
        expect(taken).toBeLessThanOrEqual(limit.burst + (clock.monotonicMs() / 1_000) * limit.ratePerSecond + 1e-6);
      }
      const waitMs = buckets.take('key');
      await clock.advance(waitMs);
      if (waitMs > 0) expect(buckets.take('key')).toBe(0);
    }),
    { numRuns: 150 },
  );
});

it('keeps names apart', () => {
  const buckets = createTokenBuckets({ ratePerSecond: 1, burst: 1 }, createFakeClock());
  expect([buckets.take('a'), buckets.take('b'), buckets.take('a')]).toEqual([0, 0, 1_000]);
});
