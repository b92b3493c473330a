import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findKafka } from '@belfry/testing/find-kafka';
import { findPostgres } from '@belfry/testing/find-postgres';
import { freePort } from '@belfry/testing/free-port';
import { describeNeeding } from '@belfry/testing/need';
import { afterAll, expect, it, vi } from 'vitest';
import { createApi } from './harness/api.ts';
import { removeTopics } from './harness/launch-processes.ts';
import { waitUntil } from './harness/wait-until.ts';

const TIMEOUT_MS = 180_000;
vi.setConfig({ testTimeout: TIMEOUT_MS, hookTimeout: TIMEOUT_MS });

const postgres = await findPostgres();
const SCRIPT = join(import.meta.dirname, '../tools/dev-kafka.ts');

describeNeeding('kafka', postgres.ok ? await findKafka() : postgres, 'npm run dev:kafka', ({ brokers }) => {
  const folder = mkdtempSync(join(tmpdir(), 'belfry-dev-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('brings everything up behind one URL, scaled as asked, and ends in order on Ctrl-C', async () => {
    const name = `dev-${Date.now()}`;
    const port = await freePort();
    const child = spawn(process.execPath, [SCRIPT, '--port', String(port), '--scale', 'webpush-worker=2'], {
      env: {
        ...process.env,
        KAFKA_BROKERS: brokers.join(','),
        KAFKA_TOPIC_PREFIX: `${name}.`,
        POSTGRES_URL: postgres.ok ? postgres.value.url : '',
        POSTGRES_SCHEMA: name.replace('-', '_'),
        BELFRY_BACKPLANE: 'kafka',
        BELFRY_DATA: folder,
        BELFRY_LAUNCH: '',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output += chunk;
      });
    }
    const ended = once(child, 'exit');
    try {
      await waitUntil(() => output.includes('Belfry is up.') || child.exitCode !== null, { timeoutMs: TIMEOUT_MS });
      expect(output).toContain(`http://localhost:${port}`);
      const api = createApi(`http://127.0.0.1:${port}`, readFileSync(join(folder, 'api-key'), 'utf8').trim());
      const { status } = await api.post('/v1/notifications', { to: { users: ['ann'] }, type: 't', title: 'Hello' });
      expect(status).toBe(202);
      await waitUntil(async () => {
        const { body } = await api.get<{ items: unknown[] }>('/v1/users/ann/inbox');
        return body.items.length === 1;
      });
    } finally {
      child.kill('SIGINT');
    }
    expect(await ended, output).toEqual([0, null]);
    await removeTopics(brokers, `${name}.`);
  });
});
