import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assertSqliteVersion, openDatabase } from './open-database.ts';

describe('openDatabase', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'belfry-sqlite-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('opens with a write-ahead log that is synced at every commit', () => {
    const database = openDatabase({ path: join(folder, 'a.db') });
    expect(database.prepare('pragma journal_mode').get()).toEqual({ journal_mode: 'wal' });
    expect(database.prepare('pragma synchronous').get()).toEqual({ synchronous: 2 });
    database.close();
  });

  it('keeps the index of the write-ahead log in memory, also for a file that exists', () => {
    const path = join(folder, 'b.db');
    const first = openDatabase({ path });
    first.exec('create table t (x)');
    first.close();
    const again = openDatabase({ path });
    expect(readdirSync(folder).filter((name) => name.startsWith('b.db'))).toEqual(['b.db', 'b.db-wal']);
    again.close();
  });

  it('names a checkpoint size out of range', () => {
    expect(() => openDatabase({ path: ':memory:', checkpointPages: 0 })).toThrow('checkpointPages');
  });

  it('refuses a database that cannot have a write-ahead log', () => {
    expect(() => openDatabase({ path: ':memory:' })).toThrow('journal_mode=memory, wal is needed');
  });

  it.each(['3.51.2', '3.50.9', '2.99.99', '3.5', 'x'])('refuses SQLite %s', (version) => {
    expect(() => assertSqliteVersion(version)).toThrow('3.51.3 or newer');
  });

  it.each(['3.51.3', '3.51.10', '3.53.4', '4.0.0'])('takes SQLite %s', (version) => {
    expect(() => assertSqliteVersion(version)).not.toThrow();
  });
});
