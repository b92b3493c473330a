import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it, vi } from 'vitest';
import { findRedis } from './find-redis.ts';
import { findRedisLauncher, probeRedis } from './launch-redis.ts';
import { describeNeeding } from './need.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

describeNeeding('redis', await findRedis(), 'the server that a run shares', (redis) => {
  it('is the same for all who ask', async () => {
    const found = await Promise.all([findRedis(), findRedis()]);
    expect(found).toEqual([
      { ok: true, value: redis },
      { ok: true, value: redis },
    ]);
  });
});

describeNeeding('redis', await findRedisLauncher(), 'the end of a run', () => {
  it.each(['SIGINT', 'SIGKILL'] as const)(
    'by %s ends what it started',
    async (signal) => {
      const run = startRun();
      const urls = await addressesOf(run);
      for (const url of urls) await probeRedis(url);
      run.kill(signal);
      await once(run, 'close');
      for (const url of urls) {
        await vi.waitFor(() => expect(probeRedis(url)).rejects.toThrow('ECONNREFUSED'), {
          timeout: 20_000,
          interval: 100,
        });
      }
    },
    60_000,
  );
});

function startRun(): ChildProcess {
  const { VITEST: _vitest, BELFRY_TEST_RUN: _run, REDIS_URL: _url, ...env } = process.env;
  const script = path.join(import.meta.dirname, 'redis-run.fixture.ts');
  return spawn(process.execPath, [script], { env, stdio: ['ignore', 'pipe', 'inherit'] });
}

async function addressesOf(run: ChildProcess): Promise<readonly string[]> {
  if (run.stdout === null) throw new Error('its output was not asked for');
  for await (const line of createInterface({ input: run.stdout })) return JSON.parse(line) as string[];
  throw new Error('it ended without an address');
}
