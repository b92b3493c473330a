import { describeNeeding, findTime } from '@belfry/testing/need';
import { expect, it } from 'vitest';
import { brokenByRaces, type IdempotencyRunOptions, runIdempotency } from './harness/idempotency-run.ts';

describeNeeding('long', findTime(2), 'racing posts under Idempotency-Keys, with kill -9 between', () => {
  it.each<IdempotencyRunOptions>([
    { keys: 100, racersPerKey: 10, kills: 2, lanes: 64, users: 10 },
    { keys: 1_000, racersPerKey: 10, kills: 5, lanes: 64, users: 50 },
  ])(
    'make one notification per key: $keys keys, $racersPerKey racers each, $kills kills',
    async (asked) => {
      const report = await runIdempotency(asked);
      console.log(JSON.stringify(report, undefined, 2));
      expect(brokenByRaces(report, asked)).toEqual([]);
    },
    300_000,
  );
});
