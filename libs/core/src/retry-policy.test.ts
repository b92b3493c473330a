import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Outcome } from './outcome.ts';
import { decide, exponentialSchedule, type RetryPolicy } from './retry-policy.ts';

const policy: RetryPolicy = { scheduleMs: [5_000, 30_000], jitter: 0.2, minWaitMs: 0 };
const now = 1_000_000;
const far = now + 86_400_000;
const none = { next: () => 0 };
const most = { next: () => 0.999 };
const retry = (extra: { afterMs?: number; floorMs?: number } = {}): Outcome => ({
  kind: 'retry',
  code: '503',
  reason: 'unavailable',
  ...extra,
});
const unknown: Outcome = { kind: 'unknown', code: 'timeout', reason: 'attempt-deadline' };

describe('exponentialSchedule', () => {
  it.each([
    ['by a factor', { firstMs: 5_000, factor: 4, longestMs: 1e9, retries: 4 }, [5_000, 20_000, 80_000, 320_000]],
    ['no further than the longest', { firstMs: 100, factor: 10, longestMs: 500, retries: 3 }, [100, 500, 500]],
    ['by a broken factor', { firstMs: 1_000, factor: 1.5, longestMs: 1e9, retries: 4 }, [1_000, 1_500, 2_250, 3_375]],
    ['to whole milliseconds', { firstMs: 1, factor: 1.4, longestMs: 9, retries: 3 }, [1, 1, 2]],
    ['by nothing', { firstMs: 7, factor: 1, longestMs: 7, retries: 2 }, [7, 7]],
    ['beyond all numbers', { firstMs: 1, factor: 1e200, longestMs: 60, retries: 4 }, [1, 60, 60, 60]],
  ])('grows %s', (_how, given, expected) => {
    expect(exponentialSchedule(given)).toEqual(expected);
  });
});

describe('decide', () => {
  it.each([
    ['first retry', retry(), 1, { kind: 'retry', dueInMs: 5_000, reason: 'unavailable' }],
    ['second retry', retry(), 2, { kind: 'retry', dueInMs: 30_000, reason: 'unavailable' }],
    ['retries used up', retry(), 3, { kind: 'dead-letter', reason: 'retries-exhausted:unavailable' }],
    ['unknown is retried', unknown, 1, { kind: 'retry', dueInMs: 5_000, reason: 'attempt-deadline' }],
    [
      'Retry-After longer than the schedule',
      retry({ afterMs: 7_000 }),
      1,
      { kind: 'retry', dueInMs: 7_000, reason: 'unavailable' },
    ],
    [
      'Retry-After shorter than the schedule',
      retry({ afterMs: 1 }),
      1,
      { kind: 'retry', dueInMs: 5_000, reason: 'unavailable' },
    ],
    [
      'a floor wins over the schedule',
      retry({ floorMs: 60_000 }),
      1,
      { kind: 'retry', dueInMs: 60_000, reason: 'unavailable' },
    ],
    ['a floor doubles', retry({ floorMs: 60_000 }), 2, { kind: 'retry', dueInMs: 120_000, reason: 'unavailable' }],
    ['delivered', { kind: 'delivered', code: '201' }, 1, { kind: 'end', state: 'delivered', reason: '' }],
    ['gone', { kind: 'gone', code: '410', reason: 'gone' }, 1, { kind: 'dead-letter', reason: 'gone' }],
    [
      'rejected',
      { kind: 'rejected', code: '413', reason: 'too-large' },
      1,
      { kind: 'dead-letter', reason: 'too-large' },
    ],
    ['expired', { kind: 'expired', code: '', reason: 'ttl' }, 1, { kind: 'end', state: 'expired', reason: 'ttl' }],
  ] as const)('%s', (_name, outcome, attempt, expected) => {
    expect(decide(outcome as Outcome, attempt, policy, far, now, none)).toEqual(expected);
  });

  it.each([
    ['the schedule', retry(), 1, 10_000],
    ['an unknown outcome', unknown, 1, 10_000],
    ['a Retry-After', retry({ afterMs: 7_000 }), 1, 10_000],
    ['a floor', retry({ floorMs: 6_000 }), 1, 10_000],
    ['nothing that is longer: the schedule', retry(), 2, 30_000],
    ['nothing that is longer: a Retry-After', retry({ afterMs: 12_000 }), 1, 12_000],
  ] as const)('lets the least wait of the provider win over %s', (_what, outcome, attempt, dueInMs) => {
    const strict = { ...policy, minWaitMs: 10_000 };
    expect(decide(outcome, attempt, strict, far, now, none)).toMatchObject({ kind: 'retry', dueInMs });
  });

  it('ends as expired at once when Retry-After reaches beyond the deadline', () => {
    expect(decide(retry({ afterMs: 60_000 }), 1, policy, now + 60_000, now, none)).toMatchObject({ state: 'expired' });
    expect(decide(retry({ afterMs: 59_999 }), 1, policy, now + 60_000, now, none)).toMatchObject({ kind: 'retry' });
  });

  it('adds jitter on top and never takes away', () => {
    expect(decide(retry(), 1, policy, far, now, most)).toMatchObject({ dueInMs: 5_999 });
  });

  it('never wakes early and never after the deadline, whatever the numbers', () => {
    fc.assert(
      fc.property(
        fc.nat(1e7),
        fc.nat(1e5),
        fc.nat(1e8),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        fc.integer({ min: 1, max: 2 }),
        fc.nat(1e5),
        (afterMs, floorMs, leftMs, roll, attempt, minWaitMs) => {
          const bounded = { ...policy, minWaitMs };
          const decision = decide(retry({ afterMs, floorMs }), attempt, bounded, now + leftMs, now, {
            next: () => roll,
          });
          const scheduled = policy.scheduleMs[attempt - 1] ?? 0;
          const least = Math.max(afterMs, floorMs * 2 ** (attempt - 1), scheduled, minWaitMs);
          if (decision.kind === 'end') return least >= leftMs;
          return decision.kind === 'retry' && decision.dueInMs >= least && decision.dueInMs < leftMs;
        },
      ),
    );
  });
});
