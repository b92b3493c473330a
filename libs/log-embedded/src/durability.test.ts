import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSeededRandom } from '@belfry/testing/seeded-random';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runDamage } from './testing/run-damage.ts';
import { runKills } from './testing/run-kills.ts';
import { runTailCuts, TAIL_BYTES } from './testing/run-tail-cuts.ts';

/** Short forms; `npm run soak -- log` has the promises' sizes (testing/soak.ts). */
const KILLS = 10;
const RECORDS = 20_000;
const FLIPS = 250;
const TRUNCATIONS = 50;
/** A prime, so that the cuts meet every place of a page. */
const CUT_EVERY = 997;
const SEED = Number(process.env.BELFRY_SEED ?? Date.now() % 1_000_000);

describe(`the embedded log survives (BELFRY_SEED=${SEED})`, { timeout: 600_000 }, () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'belfry-durability-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it(`${KILLS} times kill -9 under load without losing an acknowledged record`, async () => {
    const random = createSeededRandom(SEED);
    const report = await runKills({ directory, random, kills: KILLS, records: RECORDS });
    expect(report.faults).toEqual([]);
    expect(report.kills).toBeGreaterThanOrEqual(KILLS);
    expect(report.acknowledged).toBeGreaterThanOrEqual(RECORDS);
    expect(report.stored).toBeGreaterThanOrEqual(report.acknowledged);
  });

  it(`${FLIPS} flipped bits and ${TRUNCATIONS} truncations without handing out a wrong record`, async () => {
    const random = createSeededRandom(SEED);
    const report = await runDamage({ directory, random, flips: FLIPS, truncations: TRUNCATIONS, records: 200 });
    expect(report.faults).toEqual([]);
    expect(report.identical + report.stopped + report.refused).toBe(FLIPS + TRUNCATIONS);
    expect(report.stopped).toBeGreaterThan(0);
  });

  it('being cut off in its last 64 KiB, with all that was acknowledged or a refusal', async () => {
    const { killed, closed, faults } = await runTailCuts({ directory, every: CUT_EVERY });
    expect(faults).toEqual([]);
    const lengths = Math.ceil(TAIL_BYTES / CUT_EVERY);
    expect([killed.lengths, closed.lengths]).toEqual([lengths, lengths]);
    // Cuts in a commit that nobody was answered for, and cuts in one that somebody was.
    expect(killed.clean).toBeGreaterThan(0);
    expect(killed.refused).toBeGreaterThan(0);
    expect(closed.clean).toBe(0);
  });
});
