import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { openDatabase } from '@belfry/sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NOW_MS, runEveryQuery } from '../every-query.fixture.ts';
import { openStoreDatabase } from './open-store-database.ts';

/** Rows handed to a statement or chosen in its first part, and tables of a handful of rows. */
const MAY_BE_SCANNED = /^SCAN (json_each|chosen|settings|counters|api_keys)\b/;
/** A list of a page from its end, not of one tenant: it stops at its limit. */
const PAGED = /^SCAN unreadable_jobs USING INDEX unreadable_jobs_age$/;
/** Figures count what is open: partial indexes that hold nothing else, and the timers. */
const COUNTED = /^SCAN (deliveries|dead_letters) USING COVERING INDEX \w+_(queued|retrying|open)$|^SCAN timers/;

describe('query plans', () => {
  const directory = mkdtempSync(join(tmpdir(), 'belfry-plans-'));
  let database: DatabaseSync;
  /** What the store prepared; not what the tests below ask about it. */
  let statements: readonly string[];

  beforeAll(async () => {
    database = openDatabase({ path: join(directory, 'store.db') });
    const prepare = database.prepare.bind(database);
    const prepared = new Set<string>();
    const context = { ...(await openStoreDatabase(database)), nowMs: NOW_MS };
    database.prepare = (sql: string) => {
      prepared.add(sql);
      return prepare(sql);
    };
    await runEveryQuery(context);
    database.prepare = prepare;
    statements = [...prepared];
  });
  afterAll(() => {
    database.close();
    rmSync(directory, { recursive: true });
  });

  function planOf(sql: string): readonly { readonly detail: string; readonly parent: number }[] {
    const plan = database.prepare(`explain query plan ${sql}`).all();
    return plan.map(({ detail, parent }) => ({ detail: String(detail), parent: Number(parent) }));
  }

  it('look everything up in an index', () => {
    const allowed = [MAY_BE_SCANNED, COUNTED, PAGED];
    const scans = statements.flatMap((sql) =>
      planOf(sql)
        .filter(({ detail }) => detail.startsWith('SCAN ') && !allowed.some((pattern) => pattern.test(detail)))
        .map(({ detail }) => `${detail}: ${sql}`),
    );
    expect(scans).toEqual([]);
    // Were the walk above to miss most of the store's statements, it would prove nothing.
    expect(statements.length).toBeGreaterThan(70);
  });

  it('go through the rows they are given and look each up, never the other way round', () => {
    const backwards = statements.filter((sql) => {
      const main = planOf(sql).filter(({ parent }) => parent === 0);
      const input = main.findIndex(({ detail }) => detail.startsWith('SCAN json_each'));
      return main.slice(0, Math.max(0, input)).some(({ detail }) => detail.startsWith('SEARCH'));
    });
    expect(backwards).toEqual([]);
  });

  it.each([
    ['deliveries_recipient', /update "deliveries" .*"recipient" = "input"/s],
    ['deliveries_recipient', /"d"."recipient" = /],
    ['inbox_notification', /update "inbox" .*"user_id" = "input"/s],
    ['inbox_collapse', /inbox as later/],
    ['deliveries_parked', /deliveries as parked/],
    ['inbox_unread', /count\(\*\).*from "inbox"/s],
    ['timers_claimable', /from "timers" as "t" where/],
    ['notifications_expiry', /swept = 0/],
    ['dead_letters_newest', /from "dead_letters" where "dead_letters"."tenant" = \? order by/],
    ['dead_letters_cause', /"fingerprint" = \?/],
  ])('use %s where it was made for it', (indexName, pattern) => {
    const users = statements.filter((sql) => pattern.test(sql));
    expect(users).not.toEqual([]);
    for (const sql of users) {
      const details = planOf(sql).map(({ detail }) => detail);
      expect(details.join('\n')).toContain(indexName);
    }
  });
});
