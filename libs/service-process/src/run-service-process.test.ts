import { describe, expect, it, vi } from 'vitest';
import { runService } from './service-run.fixture.ts';

const TIMEOUT_MS = 60_000;
vi.setConfig({ testTimeout: TIMEOUT_MS });

describe('a service as a process', () => {
  it('answers health and metrics while it runs, and ends with 0 when it is asked to', async () => {
    const service = await runService([], {});
    await vi.waitFor(async () => expect((await service.ready())?.status).toBe(200), TIMEOUT_MS);
    expect(await service.isLive()).toBe(true);
    service.kill('SIGTERM');
    expect(await service.exitCode).toBe(0);
  });

  it('names every setting that is wrong, and ends with 1', async () => {
    const service = await runService([], { KAFKA_BROKERS: 'kafka', POSTGRES_SCHEMA: '1', BELFRY_START_WAIT: '1s' });
    expect(await service.exitCode).toBe(1);
    expect(service.lines.map((line) => line.split(' ')[0])).toEqual(['KAFKA_BROKERS', 'POSTGRES_SCHEMA']);
  });

  it('gives up on a backend that does not come, with the reason', async () => {
    const service = await runService(['log'], { KAFKA_BROKERS: '127.0.0.1:1', BELFRY_START_WAIT: '1s' });
    expect(await service.exitCode).toBe(1);
    expect(service.lines.find((line) => line.startsWith('idle-service'))).toMatch(
      /^idle-service did not start: Kafka at 127\.0\.0\.1:1: no success within 1 s: .*ECONNREFUSED/,
    );
  });

  it('ends at once with 0 when it is asked to while it waits', async () => {
    const service = await runService(['store'], { POSTGRES_URL: 'postgres://s3cret:s3cret@127.0.0.1:1/none' });
    await vi.waitFor(() => expect(service.lines.join()).toContain('waiting for PostgreSQL at 127.0.0.1:1'), TIMEOUT_MS);
    service.kill('SIGTERM');
    expect(await service.exitCode).toBe(0);
    expect(service.lines.join()).not.toContain('s3cret');
  });

  it('ends with 1 when its worker meets a bug, so that it is started anew', async () => {
    const service = await runService(['', 'fail'], {});
    expect(await service.exitCode).toBe(1);
    expect(service.lines.join()).toContain('idle-worker cannot go on');
  });
});
