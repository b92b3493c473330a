import { findPostgresLauncher } from '@belfry/testing/launch-postgres';
import { describeNeeding } from '@belfry/testing/need';
import { expect, it, vi } from 'vitest';
import { runService } from './service-run.fixture.ts';

const TIMEOUT_MS = 120_000;
vi.setConfig({ testTimeout: TIMEOUT_MS, hookTimeout: TIMEOUT_MS });

describeNeeding(
  'postgres',
  await findPostgresLauncher(),
  'a service whose store comes late and goes away',
  (launch) => {
    it('waits for it, is unready without it, and lives through all of it', async () => {
      const server = await launch();
      try {
        await server.kill();
        const service = await runService(['store'], { POSTGRES_URL: server.url, BELFRY_LOG_LEVEL: 'warn' });
        await vi.waitFor(() => expect(service.lines.join()).toContain('waiting for PostgreSQL'), TIMEOUT_MS);
        await server.start();
        await vi.waitFor(async () => expect((await service.ready())?.status).toBe(200), TIMEOUT_MS);

        await server.kill();
        await vi.waitFor(
          async () => expect((await service.ready())?.text).toContain('PostgreSQL does not answer'),
          TIMEOUT_MS,
        );
        expect(await service.isLive()).toBe(true);
        await server.start();
        await vi.waitFor(async () => expect((await service.ready())?.status).toBe(200), TIMEOUT_MS);
        service.kill('SIGTERM');
        expect(await service.exitCode).toBe(0);
      } finally {
        await server.stop();
      }
    });
  },
);
