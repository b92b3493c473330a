import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSeededRandom } from '@belfry/testing/seeded-random';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runPowerCuts } from './testing/power-cut/run-power-cuts.ts';

const CUTS = Number(process.env.BELFRY_LOG_CUTS ?? 100);
const RECORDS = Number(process.env.BELFRY_LOG_CUT_RECORDS ?? 1_000);
const SEED = Number(process.env.BELFRY_SEED ?? Date.now() % 1_000_000);

const hasCc = process.platform === 'linux' && spawnSync('cc', ['--version']).status === 0;
const required = (process.env.BELFRY_REQUIRE ?? '').split(',').includes('cc');
if (!hasCc && !required) console.log('skipped: the power-cut test needs a C compiler (cc) on Linux');

describe.skipIf(!hasCc && !required)(`a power cut (BELFRY_SEED=${SEED})`, { timeout: 60_000 + CUTS * 3_000 }, () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'belfry-power-cut-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it(`at ${CUTS} moments loses no acknowledged record and corrupts nothing`, async () => {
    const report = await runPowerCuts({ directory, random: createSeededRandom(SEED), records: RECORDS, cuts: CUTS });
    expect(report.faults).toEqual([]);
    expect(report.acknowledged).toBeGreaterThanOrEqual(RECORDS);
    expect(report.images).toBeGreaterThanOrEqual(2 * CUTS);
  });

  it.each([
    ['anything', () => false],
    ['the write-ahead log, as with synchronous=NORMAL', (path: string) => !path.endsWith('-wal')],
    ['the folder', (path: string) => path !== ''],
  ])('is found out where the disk does not sync %s', async (_, obeys) => {
    const report = await runPowerCuts({ directory, random: createSeededRandom(SEED), records: 200, cuts: 20, obeys });
    expect(report.faults).not.toEqual([]);
  });
});
