import { describe, expect, it } from 'vitest';
import { brokenByKills } from './harness/kill-report.ts';
import { runKills } from './harness/kill-run.ts';
import { restartLimitMs } from './harness/launch-belfry.ts';

const KILLS = 5;

describe('kill -9 under load', () => {
  it(
    'loses nothing that was answered 202, shows nothing twice, keeps the order of each user, and is soon back',
    async () => {
      const asked = { kills: KILLS, notifications: 1_500 };
      // FCM's own waits of 10 s and more are for the soak.
      const failRates = { webpush: 0.03, fcm: 0 };
      const report = await runKills({ ...asked, users: 40, failRates, aliveMs: [100, 600] });
      console.log(JSON.stringify(report, undefined, 2));
      expect(brokenByKills(report, asked, { of: 'median', ms: restartLimitMs() })).toEqual([]);
    },
    240_000 + KILLS * restartLimitMs(),
  );
});
