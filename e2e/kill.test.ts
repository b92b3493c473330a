import { describe, expect, it } from 'vitest';
import { runKills } from './harness/kill-run.ts';

describe('kill -9 under load', () => {
  it('loses nothing that was answered 202, shows nothing twice, keeps the order of each user, and is soon back', async () => {
    const report = await runKills({ kills: 50, notifications: 20_000, users: 200, aliveMs: [100, 900] });
    console.log(JSON.stringify(report, undefined, 2));
    expect(report.kills).toBeGreaterThanOrEqual(50);
    expect(report.accepted).toBeGreaterThanOrEqual(20_000);
    expect(report).toMatchObject({ lost: 0, inversions: 0, missingLive: 0, duplicatesAfterDedupe: 0 });
    // At most what one process may have under way, for each kill.
    expect(report.duplicatesAtProviders).toBeLessThanOrEqual(256 * report.kills);
    expect(report.restartMs.median).toBeLessThan(2_000);
  }, 600_000);
});
