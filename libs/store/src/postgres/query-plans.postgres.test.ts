import { createFakeClock } from '@belfry/testing/fake-clock';
import { findPostgres } from '@belfry/testing/find-postgres';
import { describeNeeding } from '@belfry/testing/need';
import { Kysely, PostgresDialect } from 'kysely';
import { Client, escapeLiteral } from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { NOW_MS, runEveryQuery } from '../every-query.fixture.ts';
import type { Schema } from '../schema.ts';
import { fillTables } from './fill-tables.fixture.ts';
import { postgresDialect } from './postgres-dialect.ts';
import { createTypeParsers } from './postgres-types.ts';
import { sessionSettings } from './session-settings.ts';
import { createTestSchema, type TestSchema } from './test-schema.fixture.ts';

type Sent = { readonly sql: string; readonly parameters: readonly unknown[] };
type Plan = {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Shared Hit Blocks': number;
  readonly 'Shared Read Blocks': number;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Join Filter'?: number;
  readonly Plans?: readonly Plan[];
};

/** A handful of rows however large the store. */
const SMALL = new Set(['settings', 'counters', 'api_keys']);
/** Rows of these come and go: what the server remembers of their size may be of a quiet hour. */
const SOON_OUTGROWN = ['timers', 'tickets', 'idempotency_keys', 'users', 'devices', 'subscriptions'];
/** Each of these statements is for a few rows: five look-ups of some pages each, several indexes, and some room. */
const MAX_PAGES = 400;
/** What a loop over rows that are in memory already looks at touches no page. */
const MAX_ROWS = 2_000;
/** All deliveries of one notification are counted, or read to be ended with it. */
const WHOLE_NOTIFICATION =
  /group by "state"|"notification_id" = \$2 and "state" in|where "d"\."state" = \$2 limit \$3$/;
/** Figures count what is open and what waits. */
const COUNTED = /^select count\(\*\) .* from "(deliveries|timers|dead_letters)"|group by "fingerprint"/;

describeNeeding('postgres', await findPostgres(), 'query plans on large tables', ({ url }) => {
  let schema: TestSchema;
  let client: Client;
  let sent: readonly Sent[];

  beforeAll(async () => {
    schema = createTestSchema(url);
    await (await schema.open(createFakeClock())).close();
    client = new Client({ connectionString: url, types: createTypeParsers() });
    await client.connect();
    for (const [name, value] of Object.entries(sessionSettings(schema.name))) {
      await client.query('select set_config($1, $2, false)', [name, value]);
    }
    // The planner's settings are those of our sessions; filling takes what it takes on a busy machine.
    await client.query('set statement_timeout = 0');
    sent = await collectStatements();
    await fillTables((text) => client.query(text));
    await client.query('vacuum analyze');
  }, 300_000);
  afterAll(async () => {
    await client.end();
    await schema.drop();
  }, 60_000);

  /** Every statement of the store as it is sent, with the parameters of its first use. */
  async function collectStatements(): Promise<readonly Sent[]> {
    const statements = new Map<string, Sent>();
    const query = async (sql: string, parameters: readonly unknown[]) => {
      if (!statements.has(sql)) statements.set(sql, { sql, parameters });
      return client.query(sql, [...parameters]);
    };
    const lease = { query, release: () => {} };
    const dialect = new PostgresDialect({ pool: { connect: async () => lease, end: async () => {} } as never });
    await client.query('begin');
    await runEveryQuery({
      db: new Kysely<Schema>({ dialect }),
      run: async (sql, parameters) => (await query(sql, parameters)).rows,
      finish: async (sending) => void (await Promise.all(sending)),
      dialect: postgresDialect,
      nowMs: NOW_MS,
    });
    await client.query('rollback');
    return [...statements.values()];
  }

  /** The plan that the server keeps for a statement, and the pages that running it touched. Leaves no trace. */
  async function explain({ sql, parameters }: Sent): Promise<Plan> {
    await client.query('begin');
    try {
      await client.query(`prepare explained as ${sql}`);
      const values = parameters.length === 0 ? '' : `(${parameters.map(toLiteral).join(', ')})`;
      const { rows } = await client.query(`explain (analyze, buffers, format json) execute explained${values}`);
      return rows[0]['QUERY PLAN'][0].Plan;
    } finally {
      await client.query('rollback');
      await client.query('deallocate all');
    }
  }

  it('are those of a version that we support', async () => {
    const { rows } = await client.query(
      `select current_setting('server_version') as version, current_setting('server_version_num')::int as number`,
    );
    console.log(`plans of PostgreSQL ${rows[0].version}`);
    expect(rows[0].number).toBeGreaterThanOrEqual(150_000);
  });

  it('touch a few pages each and read no table from end to end', { timeout: 180_000 }, async () => {
    expect(await findLongReaders()).toEqual([]);
    // Were most of the store's statements missing here, this would prove nothing.
    expect(sent.length).toBeGreaterThan(80);
  });

  async function findLongReaders(): Promise<readonly string[]> {
    const wrong: string[] = [];
    for (const statement of sent) {
      const plan = await explain(statement);
      const pages = plan['Shared Hit Blocks'] + plan['Shared Read Blocks'];
      const rows = nodesOf(plan).reduce((sum, node) => sum + rowsSeenBy(node), 0);
      const whole = nodesOf(plan).filter(
        (node) => node['Node Type'] === 'Seq Scan' && !SMALL.has(node['Relation Name'] ?? ''),
      );
      const some = WHOLE_NOTIFICATION.test(statement.sql) || COUNTED.test(statement.sql);
      if ((whole.length > 0 && !COUNTED.test(statement.sql)) || ((pages > MAX_PAGES || rows > MAX_ROWS) && !some)) {
        wrong.push(
          `${pages} pages, ${rows} rows, ${whole.map((node) => node['Relation Name']).join(', ')}: ${statement.sql}`,
        );
      }
    }
    return wrong;
  }

  it.each([
    ['deliveries_recipient', /"d"."recipient" = /],
    // Both begin with what is looked for, and are as long.
    ['deliveries_recipient|deliveries_pkey', /not exists.*"deliveries"/],
    ['inbox_notification', /update "inbox"|delete from "inbox"/],
    ['inbox_collapse', /inbox as later/],
    ['deliveries_parked', /deliveries as parked/],
    ['inbox_unread', /count\(\*\).*from "inbox"/s],
    ['timers_claimable', /from "timers" as "t" where/],
    ['timers_pkey', /delete from "timers"/],
    ['notifications_expiry', /swept = [01]/],
    ['notifications_pkey', /delete from "notifications"|not exists.*"notifications" as "n" on/],
    ['deliveries_pkey', /delete from "deliveries"/],
    ['attempts_pkey', /delete from "attempts"/],
    ['tickets_expiry', /delete from tickets where \(hash\) in/],
    ['idempotency_keys_age', /delete from idempotency_keys where \(/],
    ['unreadable_jobs_age', /delete from unreadable_jobs/],
    ['dead_letters_age', /delete from dead_letters/],
    ['dead_letters_newest', /from "dead_letters" where "dead_letters"."tenant" = \$1 order by/],
    ['dead_letters_cause', /^select \* from "dead_letters".*"fingerprint" = \$2\)/],
    ['devices_user', /from "devices" where "tenant" = \$1 and "user_id"/],
  ])('use %s where it was made for it', async (indexNames, pattern) => {
    const wanted = new Set(indexNames.split('|'));
    const users = sent.filter(({ sql }) => pattern.test(sql));
    expect(users).not.toEqual([]);
    for (const statement of users) {
      const used = nodesOf(await explain(statement)).map((node) => node['Index Name']);
      expect(used.filter((indexName) => wanted.has(indexName ?? ''))).not.toEqual([]);
    }
  });

  it('do so while the planner takes what grew in a minute for nearly empty', { timeout: 300_000 }, async () => {
    for (const name of SOON_OUTGROWN) {
      await client.query(`alter table ${name} set (autovacuum_enabled = false)`);
      await client.query(`create temporary table grown_${name} as select * from ${name}`);
      await client.query(`delete from ${name}`);
      // Its pages stay, so that few rows a page is what is remembered.
      await client.query(`vacuum (analyze, truncate false) ${name}`);
      await client.query(`insert into ${name} select * from grown_${name}`);
    }
    expect(await findLongReaders()).toEqual([]);
  });

  it('lock the timers that are removed once, also in a table of which one row is remembered', async () => {
    await client.query(`delete from timers where delivery_id <> (select max(delivery_id) from timers)`);
    await client.query('vacuum analyze timers');
    await client.query(
      `insert into timers select 'timer-' || i, 'acme', 'n1', i, i, 7 from generate_series(1, 500) as i`,
    );
    const claimed = Array.from({ length: 200 }, (_, index) => ({ delivery_id: `timer-${index + 1}`, claim: 7 }));
    const removal = sent.find(({ sql }) => sql.includes('delete from "timers"') && sql.includes('"claim"'));
    if (removal === undefined) throw new Error('timers are removed in another way now');
    const locks = nodesOf(await explain({ ...removal, parameters: [JSON.stringify(claimed)] })).filter(
      (node) => node['Node Type'] === 'LockRows',
    );
    expect(locks.map((node) => node['Actual Loops'])).toEqual([1]);
  });

  function nodesOf(plan: Plan): readonly Plan[] {
    return [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];
  }

  function rowsSeenBy(node: Plan): number {
    const removed = (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Join Filter'] ?? 0);
    return (node['Actual Rows'] + removed) * node['Actual Loops'];
  }

  function toLiteral(value: unknown): string {
    if (value === null || value === undefined) return 'null';
    if (value instanceof Uint8Array) return `'\\x${Buffer.from(value).toString('hex')}'`;
    return escapeLiteral(String(value));
  }
});
