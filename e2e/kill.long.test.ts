import { describeNeeding, findTime } from '@belfry/testing/need';
import { expect, it } from 'vitest';
import { brokenByKills, runKills } from './harness/kill-run.ts';

describeNeeding('long', findTime(3), 'kill -9 under load, 50 times', () => {
  it('loses nothing that was answered 202, shows nothing twice, keeps the order of each user, and is soon back', async () => {
    const asked = { kills: 50, notifications: 20_000 };
    const report = await runKills({ ...asked, users: 200, aliveMs: [100, 900] });
    console.log(JSON.stringify(report, undefined, 2));
    expect(brokenByKills(report, asked)).toEqual([]);
  }, 600_000);
});
