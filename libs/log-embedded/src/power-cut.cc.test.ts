import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeNeeding } from '@belfry/testing/need';
import { findRecorder } from '@belfry/testing/power-cut/run-power-cuts';
import { createSeededRandom } from '@belfry/testing/seeded-random';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { runLogPowerCuts } from './testing/run-log-power-cuts.ts';

/** A short form; `npm run soak -- log` has the promise's size. */
const CUTS = 100;
const RECORDS = 1_000;
const SEED = Number(process.env.BELFRY_SEED ?? Date.now() % 1_000_000);
const TIMEOUT_MS = 360_000;

describeNeeding('cc', findRecorder(), `a power cut of the log (BELFRY_SEED=${SEED})`, () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'belfry-power-cut-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it(
    `at ${CUTS} moments loses no acknowledged record and corrupts nothing`,
    async () => {
      const random = createSeededRandom(SEED);
      const report = await runLogPowerCuts({ directory, random, records: RECORDS, cuts: CUTS });
      expect(report.faults).toEqual([]);
      expect(report.acknowledged).toBeGreaterThanOrEqual(RECORDS);
      expect(report.images).toBeGreaterThanOrEqual(2 * CUTS);
    },
    TIMEOUT_MS,
  );

  it.each([
    ['anything', () => false],
    ['the write-ahead log, as with synchronous=NORMAL', (path: string) => !path.endsWith('-wal')],
    ['the folder', (path: string) => path !== ''],
  ])(
    'is found out where the disk does not sync %s',
    async (_, obeys) => {
      const random = createSeededRandom(SEED);
      const report = await runLogPowerCuts({ directory, random, records: 200, cuts: 20, obeys });
      expect(report.faults).not.toEqual([]);
    },
    TIMEOUT_MS,
  );
});
