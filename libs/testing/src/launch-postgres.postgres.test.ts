import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { findPostgresLauncher, type LaunchedPostgres, probePostgres } from './launch-postgres.ts';
import { describeNeeding } from './need.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

describeNeeding('postgres', await findPostgresLauncher(), 'a PostgreSQL of its own', (launchPostgres) => {
  let postgres: LaunchedPostgres;
  beforeAll(async () => {
    postgres = await launchPostgres();
  });
  afterAll(() => postgres?.stop());

  it('comes back after kill -9', async () => {
    await postgres.kill();
    await expect(probePostgres(postgres.url)).rejects.toThrow();
    await postgres.start();
    await probePostgres(postgres.url);
  });

  it('answers nothing while it is paused', async () => {
    await postgres.pause();
    await expect(probePostgres(postgres.url)).rejects.toThrow();
    await postgres.resume();
    await probePostgres(postgres.url);
  });
});
