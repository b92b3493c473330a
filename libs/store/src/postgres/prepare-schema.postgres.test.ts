import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Store } from '@belfry/core/store/store';
import { createFakeClock } from '@belfry/testing/fake-clock';
import { findPostgres } from '@belfry/testing/find-postgres';
import { describeNeeding } from '@belfry/testing/need';
import { Client } from 'pg';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createTestSchema, type TestSchema } from './test-schema.fixture.ts';

const FIXTURE = fileURLToPath(new URL('./accept-until-killed.fixture.ts', import.meta.url));

describeNeeding('postgres', await findPostgres(), 'the schema', ({ url }) => {
  const clock = createFakeClock();
  let schema: TestSchema;
  beforeEach(() => {
    schema = createTestSchema(url);
  });
  afterEach(() => schema.drop());

  it('is made once by many stores that open together', { timeout: 60_000 }, async () => {
    const stores = await Promise.all(Array.from({ length: 8 }, () => schema.open(clock, { poolSize: 1 })));
    const epochs = await Promise.all(stores.map((store) => store.epoch()));
    expect(new Set(epochs).size).toBe(1);
    expect(await schema.query('select name from kysely_migration order by name')).toEqual([
      { name: '0001-initial' },
      { name: '0002-delivery-order' },
      { name: '0003-dead-letter-origin' },
    ]);
    await closeAll(stores);
  });

  it('is made once by many processes that start together', { timeout: 120_000 }, async () => {
    const answers = await Promise.all(
      ['a', 'b', 'c', 'd'].map(async (prefix) => {
        const child = spawn(process.execPath, [FIXTURE, url, schema.name, prefix], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        let output = '';
        for await (const chunk of child.stdout) {
          output += chunk;
          if (output.includes('\n')) child.kill('SIGKILL');
        }
        return output;
      }),
    );
    for (const answer of answers) expect(answer).toMatch(/^[a-d]-\d+-0 \d+\n/);
  });

  it('of a newer release is refused, and nothing in it is touched', async () => {
    await closeAll([await schema.open(clock)]);
    await schema.query(
      `insert into kysely_migration (name, timestamp) values ('0002-later', '2026-01-01T00:00:00.000Z')`,
    );
    await expect(schema.open(clock)).rejects.toThrow(/from a newer release, which made 0002-later/);
    await expect(schema.open(clock)).rejects.not.toMatchObject({ code: 'store-unavailable' });
  });

  it('is left as it was when making it fails half-way', async () => {
    await schema.query(`create schema ${schema.name}; create table ${schema.name}.devices ()`);
    await expect(schema.open(clock)).rejects.toThrow(/"devices" already exists/);
    const tables = await schema.query(`select tablename from pg_tables where schemaname = '${schema.name}'`);
    expect(tables).toEqual([{ tablename: 'devices' }]);
    await schema.query(`drop table devices`);
    await closeAll([await schema.open(clock)]);
  });

  it('waits for whoever is changing it', async () => {
    const other = new Client({ connectionString: url });
    await other.connect();
    await other.query('begin');
    await other.query(`select pg_advisory_xact_lock(hashtext('belfry-schema'), hashtext('${schema.name}'))`);
    let opened = false;
    const opening = schema.open(clock).then((store) => {
      opened = true;
      return store;
    });
    await expect.poll(() => waiting(), { timeout: 20_000 }).toBe(1);
    expect(opened).toBe(false);
    await other.end();
    await closeAll([await opening]);
  });

  it.each([
    ['a name that would need quoting', { schema: 'Belfry; drop' }, /schema must be 1–63 lower-case letters/],
    ['no connections', { poolSize: 0 }, /poolSize must be an integer from 1 to 1,000/],
  ])('is not made with %s', async (_, options, message) => {
    await expect(schema.open(clock, options)).rejects.toThrow(message);
  });

  it('is not made in a database that is not there, and that is no outage', async () => {
    const elsewhere = new URL(url);
    elsewhere.pathname = '/belfry_nowhere';
    const opening = schema.open(clock, { url: elsewhere.href });
    await expect(opening).rejects.toThrow(/"belfry_nowhere" does not exist/);
    await expect(opening).rejects.not.toMatchObject({ code: 'store-unavailable' });
  });

  it('says when the clocks of process and server differ', async () => {
    const warnings: string[] = [];
    const logger = { info: () => {}, warn: (_: unknown, message: string) => warnings.push(message) };
    await closeAll([await schema.open({ nowMs: () => Date.now() }, { logger, poolSize: 1 })]);
    expect(warnings).toEqual([]);
    await closeAll([await schema.open({ nowMs: () => Date.now() + 2_000 }, { logger, poolSize: 1 })]);
    expect(warnings).toEqual([expect.stringContaining('the clocks of this process and of PostgreSQL differ')]);
  });

  async function waiting(): Promise<number> {
    const [row] = await schema.query(
      `select count(*)::int as count from pg_locks
      where locktype = 'advisory' and not granted and objid::bigint = hashtext('${schema.name}')::bigint & 4294967295`,
    );
    return Number(row?.count);
  }

  async function closeAll(stores: readonly Store[]): Promise<void> {
    await Promise.all(stores.map((store) => store.close()));
  }
});
