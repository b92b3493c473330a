import { describeNeeding, findTime } from '@belfry/testing/need';
import { expect, it } from 'vitest';
import { brokenByBacklog, runBacklog } from './harness/backlog-run.ts';

/** The soak asks for what is promised, over a million jobs; in a test a busy machine is not a broken one. */
const READY_LIMIT_MS = 30_000;

describeNeeding('long', findTime(1), 'a start with a backlog', () => {
  it('is ready though there is much to do', async () => {
    const asked = { jobs: 50_000, starts: 2 };
    const report = await runBacklog(asked);
    console.log(JSON.stringify(report, undefined, 2));
    expect(brokenByBacklog(report, asked, READY_LIMIT_MS)).toEqual([]);
  }, 240_000);
});
