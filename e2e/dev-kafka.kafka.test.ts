import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
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
const ROOT = join(import.meta.dirname, '..');

describeNeeding('kafka', postgres.ok ? await findKafka() : postgres, 'npm run dev:kafka', ({ brokers }) => {
  const folder = mkdtempSync(join(tmpdir(), 'belfry-dev-'));
  let child: ChildProcess | undefined;
  afterAll(() => {
    if (child?.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  /** As in a terminal: npm and what it starts are one group, which gets Ctrl-C as a whole. */
  const start = async (env: Readonly<Record<string, string>>, args: readonly string[]) => {
    const started = spawn('npm', ['run', '--silent', 'dev:kafka', '--', ...args], {
      cwd: ROOT,
      detached: true,
      env: { ...process.env, KAFKA_BROKERS: '', POSTGRES_URL: '', REDIS_URL: '', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child = started;
    const ended = once(started, 'exit');
    let output = '';
    for (const stream of [started.stdout, started.stderr]) {
      stream.on('data', (chunk) => {
        output += chunk;
      });
    }
    const isUp = () => output.includes('Belfry is up.');
    await waitUntil(() => isUp() || started.exitCode !== null, { timeoutMs: TIMEOUT_MS }).catch(() => undefined);
    expect(isUp(), output).toBe(true);
    return {
      output: () => output,
      /** What it said of itself when it was up: `Kafka`, `store`. */
      line: (name: string) => new RegExp(`^  ${name} +(.*)$`, 'm').exec(output)?.[1] ?? '',
      interrupt: async () => {
        process.kill(-(started.pid ?? 0), 'SIGINT');
        expect(await ended, output).toEqual([0, null]);
      },
    };
  };
  const postOne = async (port: number, data: string): Promise<void> => {
    const api = createApi(`http://127.0.0.1:${port}`, readFileSync(join(data, 'api-key'), 'utf8').trim());
    const request = { id: 'first', to: { users: ['ann'] }, type: 't', title: 'Hello' };
    await waitUntil(async () => (await api.post('/v1/notifications', request)).status === 202, { everyMs: 500 });
    await waitUntil(async () => {
      const { body } = await api.get<{ items: unknown[] }>('/v1/users/ann/inbox');
      return body.items.length === 1;
    });
  };

  it('takes the servers that it is given, brings everything up behind one URL, scaled as asked, and ends in order on Ctrl-C', async () => {
    const name = `dev-${Date.now()}`;
    const port = await freePort();
    const env = {
      KAFKA_BROKERS: brokers.join(','),
      KAFKA_TOPIC_PREFIX: `${name}.`,
      POSTGRES_URL: postgres.ok ? postgres.value.url : '',
      POSTGRES_SCHEMA: name.replace('-', '_'),
      BELFRY_BACKPLANE: 'kafka',
      BELFRY_DATA: join(folder, 'given'),
      BELFRY_LAUNCH: 'none',
    };
    const started = await start(env, ['--port', String(port), '--scale', 'webpush-worker=2']);
    expect(started.output()).toContain(`http://localhost:${port}`);
    expect(started.output()).toContain('webpush-worker-2');
    await postOne(port, env.BELFRY_DATA);
    await started.interrupt();
    await removeTopics(brokers, `${name}.`);
  });

  it('starts the servers that it is not given, and Ctrl-C ends them, too', async () => {
    const port = await freePort();
    const data = join(folder, 'own');
    const started = await start({ BELFRY_DATA: data }, ['--port', String(port)]);
    const servers = [started.line('Kafka'), new URL(started.line('store')).host];
    expect(started.line('hints')).toBe('over Redis');
    for (const server of servers) expect(await answers(server), server).toBe(true);
    await postOne(port, data);
    await started.interrupt();
    for (const server of [...servers, `127.0.0.1:${port}`]) expect(await answers(server), server).toBe(false);
    await waitUntil(() => startedWith(data).length === 0, { what: 'the end of all that was started' });
  });
});

function answers(address: string): Promise<boolean> {
  const [host = '', port] = address.split(':');
  return new Promise((resolve) => {
    const socket = connect(Number(port), host);
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}

/** Processes of this machine that have the folder in their environment; where the system does not tell, none. */
function startedWith(data: string): readonly string[] {
  return globSync('/proc/[0-9]*/environ').filter((file) => {
    try {
      return readFileSync(file, 'utf8').includes(`BELFRY_DATA=${data}\0`);
    } catch {
      // It has ended, or belongs to somebody else.
      return false;
    }
  });
}
