import { describe, expect, it } from 'vitest';
import { brokenByKills, runKills } from './harness/kill-run.ts';

describe('kill -9 under load', () => {
  it('loses nothing that was answered 202, shows nothing twice, keeps the order of each user, and is soon back', async () => {
    const asked = { kills: 5, notifications: 1_500 };
    const report = await runKills({ ...asked, users: 40, aliveMs: [100, 600] });
    console.log(JSON.stringify(report, undefined, 2));
    expect(brokenByKills(report, asked)).toEqual([]);
  }, 240_000);
});
