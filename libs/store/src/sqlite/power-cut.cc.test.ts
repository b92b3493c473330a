import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeNeeding } from '@belfry/testing/need';
import { findRecorder } from '@belfry/testing/power-cut/run-power-cuts';
import { createSeededRandom } from '@belfry/testing/seeded-random';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { runStorePowerCuts } from './power-cut/run-store-power-cuts.fixture.ts';

/** A short form; `npm run soak -- store` cuts after every single operation. */
const CUTS = 60;
const ROUNDS = 2;
const NOTIFICATIONS = 18;
const SEED = Number(process.env.BELFRY_SEED ?? Date.now() % 1_000_000);
const TIMEOUT_MS = 360_000;

describeNeeding('cc', findRecorder(), `a power cut of the store (BELFRY_SEED=${SEED})`, () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'belfry-store-power-cut-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it(
    `at ${CUTS} moments loses nothing that was accepted, routed, settled or acknowledged`,
    async () => {
      const random = createSeededRandom(SEED);
      const sizes = { rounds: ROUNDS, notifications: NOTIFICATIONS, cuts: CUTS };
      const report = await runStorePowerCuts({ directory, random, ...sizes });
      expect(report.faults).toEqual([]);
      // Accepted, routed, and most of them settled.
      expect(report.acknowledged).toBeGreaterThan(2 * ROUNDS * NOTIFICATIONS);
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
      const sizes = { rounds: 1, notifications: 12, cuts: 12 };
      const report = await runStorePowerCuts({ directory, random, obeys, ...sizes });
      expect(report.faults).not.toEqual([]);
    },
    TIMEOUT_MS,
  );
});
