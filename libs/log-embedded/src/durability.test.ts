import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSeededRandom } from '@belfry/testing/seeded-random';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runDamage } from './testing/run-damage.ts';
import { runKills } from './testing/run-kills.ts';

/** `npm run soak` sets these to the sizes of the published promises. */
const KILLS = Number(process.env.BELFRY_LOG_KILLS ?? 10);
const FLIPS = Number(process.env.BELFRY_LOG_FLIPS ?? 300);
const SEED = Number(process.env.BELFRY_SEED ?? Date.now() % 1_000_000);

describe(`the embedded log survives (BELFRY_SEED=${SEED})`, { timeout: 60_000 + (KILLS + FLIPS) * 2_000 }, () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'belfry-durability-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it(`${KILLS} times kill -9 under load without losing an acknowledged record`, async () => {
    const report = await runKills({ directory, random: createSeededRandom(SEED), kills: KILLS, acksPerKill: 4_000 });
    expect(report.faults).toEqual([]);
    expect(report.acknowledged).toBeGreaterThan(0);
    expect(report.stored).toBeGreaterThanOrEqual(report.acknowledged);
  });

  it(`${FLIPS} flipped bits, and truncations, without handing out a wrong record`, async () => {
    const report = await runDamage({
      directory,
      random: createSeededRandom(SEED),
      flips: FLIPS,
      truncations: Math.ceil(FLIPS / 3),
      records: 200,
    });
    expect(report.faults).toEqual([]);
    expect(report.identical + report.stopped + report.refused).toBe(FLIPS + Math.ceil(FLIPS / 3));
    expect(report.stopped).toBeGreaterThan(0);
  });
});
