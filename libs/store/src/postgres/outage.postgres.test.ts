import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Store } from '@belfry/core/store/store';
import { findPostgresLauncher, type LaunchedPostgres } from '@belfry/testing/launch-postgres';
import { describeNeeding } from '@belfry/testing/need';
import { realClock } from '@belfry/testing/real-clock';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { sessionSettings } from './session-settings.ts';
import { createTestSchema, type TestSchema } from './test-schema.fixture.ts';

const FIXTURE = fileURLToPath(new URL('./accept-until-killed.fixture.ts', import.meta.url));
const ANN = { tenant: 'acme', user: 'ann' };
const END_OURS = `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'belfry'`;
const OTHERS = `select from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()`;
const UNAVAILABLE = { code: 'store-unavailable' };

const entryOf = (id: string) => ({
  notification: {
    ...ANN,
    id,
    audience: { kind: 'users', users: ['ann'] },
    type: 'test',
    title: 'Title',
    priority: 'normal',
    acceptedAtMs: Date.now(),
    expiresAtMs: Date.now() + 60_000,
  } as const,
  recipient: 'ann',
});

describeNeeding('postgres', await findPostgresLauncher(), 'the PostgreSQL store in an outage', (launchPostgres) => {
  let postgres: LaunchedPostgres;
  let schema: TestSchema;
  let store: Store;
  beforeAll(async () => {
    postgres = await launchPostgres({ settings: { max_connections: '30' } });
  }, 90_000);
  afterAll(() => postgres?.stop());
  beforeEach(async () => {
    schema = createTestSchema(postgres.url);
    store = await schema.open(realClock);
  }, 60_000);
  afterEach(() => store.close());

  const healed = () => expect.poll(() => store.heads([ANN]).catch(() => undefined), { timeout: 60_000 }).toEqual([0]);

  it('loses nothing it answered when the server is killed, and goes on by itself', { timeout: 180_000 }, async () => {
    const children = ['a', 'b'].map((prefix) => startFixture(prefix));
    for (let kill = 1; kill <= 3; kill++) {
      const before = children.map((child) => child.lines().length);
      await expect
        .poll(() => children.every((child, index) => child.lines().length > (before[index] ?? 0) + 30), {
          timeout: 60_000,
        })
        .toBe(true);
      await postgres.kill();
      await postgres.start();
    }
    const before = children.map((child) => child.lines().length);
    await expect
      .poll(() => children.every((child, index) => child.lines().length > (before[index] ?? 0)), { timeout: 60_000 })
      .toBe(true);
    for (const child of children) await child.kill();
    await expectKept(children.flatMap((child) => child.lines()));
  });

  it('loses nothing it answered when a process is killed in the middle of its transactions', {
    timeout: 120_000,
  }, async () => {
    const answered: string[] = [];
    for (let round = 0; round < 4; round++) {
      const child = startFixture(`r${round}`);
      await expect.poll(() => child.lines().length, { timeout: 60_000 }).toBeGreaterThan(20 + round * 30);
      await child.kill();
      answered.push(...child.lines());
    }
    await expectKept(answered);
    // Its locks went with it: nobody waits for the stream that it was writing to.
    expect(await store.route([entryOf('last')])).toMatchObject([{ kind: 'routed', inserted: true }]);
  });

  it('gets the rows that a frozen process holds while it still waits for them', { timeout: 60_000 }, async () => {
    await store.writePreferences(ANN, { channels: {}, types: {} });
    const frozen = new Client({ connectionString: postgres.url });
    frozen.on('error', () => {});
    await frozen.connect();
    for (const setting of Object.entries(sessionSettings(schema.name))) {
      await frozen.query('select set_config($1, $2, false)', setting);
    }
    await frozen.query(`begin; select from users where id = 'ann' for no key update`);
    expect(await store.route([entryOf('meanwhile')])).toMatchObject([{ kind: 'routed', inserted: true }]);
    await expect(frozen.query('commit')).rejects.toThrow();
  });

  it('is unavailable while the server is gone, and heals', { timeout: 120_000 }, async () => {
    await postgres.kill();
    await expect(store.heads([ANN])).rejects.toMatchObject(UNAVAILABLE);
    await expect(store.createTicket('t', { ...ANN, expiresAtMs: 0 })).rejects.toMatchObject(UNAVAILABLE);
    await expect(schema.open(realClock)).rejects.toMatchObject(UNAVAILABLE);
    await postgres.start();
    await healed();
  });

  it('is unavailable while the server shuts down or ends its connections, and heals', {
    timeout: 120_000,
  }, async () => {
    const calls = keepCalling();
    const keeper = new Client({ connectionString: postgres.url });
    await keeper.connect();
    const endConnections = () => keeper.query(END_OURS);
    await endConnections();
    await healed();
    // A server that was asked to stop takes no new connections and waits for the old ones to leave.
    const stopped = postgres.kill('SIGTERM');
    await expect
      .poll(
        async () => {
          await endConnections();
          return store.heads([ANN]).catch((error: unknown) => error);
        },
        { timeout: 30_000 },
      )
      .toMatchObject({ ...UNAVAILABLE, message: 'the database system is shutting down' });
    // A session that was just being opened when the server was asked to stop holds it up for as long as calls are made on it.
    await expect
      .poll(
        async () => {
          await endConnections();
          return (await keeper.query(OTHERS)).rowCount;
        },
        { timeout: 30_000 },
      )
      .toBe(0);
    await keeper.end();
    await stopped;
    await postgres.start();
    await healed();
    expect(await calls.end()).toEqual([]);
  });

  it('is unavailable while the server has no connection left, and heals', { timeout: 120_000 }, async () => {
    const clients: Client[] = [];
    const takeAll = async () => {
      for (;;) {
        const client = new Client({ connectionString: postgres.url });
        client.on('error', () => {});
        const failed = await client.connect().then(
          () => false,
          () => true,
        );
        if (failed) return;
        clients.push(client);
      }
    };
    await takeAll();
    await expect
      .poll(
        async () => {
          await clients[0]?.query(END_OURS);
          await takeAll();
          return store.heads([ANN]).catch((error: unknown) => error);
        },
        { timeout: 30_000 },
      )
      .toMatchObject({ ...UNAVAILABLE, message: expect.stringContaining('too many clients') });
    await Promise.all(clients.map((client) => client.end()));
    await healed();
  });

  it('is unavailable on a server that takes no writes, and heals', { timeout: 120_000 }, async () => {
    const setReadOnly = async (value: 'on' | 'off') => {
      await schema.query(`alter system set default_transaction_read_only = ${value}`).catch(async () => {
        await schema.query(`set default_transaction_read_only = off`);
      });
      await schema.query('select pg_reload_conf()');
    };
    await setReadOnly('on');
    const write = () => store.createTicket('t', { ...ANN, expiresAtMs: 0 });
    await expect.poll(() => write().catch((error: unknown) => error), { timeout: 30_000 }).toMatchObject(UNAVAILABLE);
    await setReadOnly('off');
    await expect.poll(() => write().catch((error: unknown) => error), { timeout: 30_000 }).toBeUndefined();
  });

  it('goes on after a server that froze for a moment', { timeout: 120_000 }, async () => {
    await postgres.pause();
    const call = store.heads([ANN]);
    await new Promise((resolve) => setTimeout(resolve, 500));
    await postgres.resume();
    expect(await call).toEqual([0]);
  });

  /** Calls without end. What it returns in the end are the failures that were none of an outage. */
  function keepCalling() {
    let running = true;
    const unexpected: unknown[] = [];
    const worker = async () => {
      while (running) {
        await store
          .registerDevice(ANN, 'd', { channel: 'fcm', address: { token: 'token' } })
          .catch((error: unknown) => {
            if ((error as { code?: unknown }).code !== UNAVAILABLE.code) unexpected.push(error);
            return new Promise((resolve) => setTimeout(resolve, 5));
          });
      }
    };
    const workers = Array.from({ length: 8 }, worker);
    return {
      async end() {
        running = false;
        await Promise.all(workers);
        return unexpected;
      },
    };
  }

  function startFixture(prefix: string) {
    const child: ChildProcess = spawn(process.execPath, [FIXTURE, postgres.url, schema.name, prefix], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout?.on('data', (chunk) => {
      output += chunk;
    });
    return {
      // A line that was cut off was not written whole, so it was not an answer yet.
      lines: () => output.split('\n').slice(0, -1),
      async kill() {
        const closed = once(child, 'close');
        child.kill('SIGKILL');
        await closed;
      },
    };
  }

  /** Every answer holds, and the stream has neither a gap nor a place given out twice. */
  async function expectKept(answered: readonly string[]): Promise<void> {
    const offsets = new Map<string, number>();
    for (let after = 0; ; ) {
      const { items } = await store.readStream(ANN, after, 500);
      if (items.length === 0) break;
      for (const { offset, notification } of items) {
        expect(offset).toBe(++after);
        offsets.set(notification.id, offset);
      }
    }
    const wrong = answered.filter((line) => {
      const [id = '', offset] = line.split(' ');
      return offsets.get(id) !== Number(offset);
    });
    expect(wrong).toEqual([]);
  }
});
