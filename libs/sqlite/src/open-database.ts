import { DatabaseSync } from 'node:sqlite';

/**
 * The oldest SQLite that may open a Belfry file: earlier ones can corrupt a WAL database when a checkpoint and a write meet while the
 * WAL is being reset (fixed in 3.51.3).
 */
const OLDEST_SQLITE = '3.51.3';

export type OpenDatabaseOptions = {
  /** File of the database; made when missing. Its folder must exist. */
  readonly path: string;
  /** WAL pages after which a commit also checkpoints. A page is 4 KiB; 1–1,000,000, default 1,000. */
  readonly checkpointPages?: number;
};

/**
 * Opens a database so that a commit which returned survives a power cut: write-ahead log, `synchronous=FULL`. Throws where SQLite is too
 * old or does not take one of these settings, because running on would lose acknowledged data silently.
 */
export function openDatabase({ path, checkpointPages = 1_000 }: OpenDatabaseOptions): DatabaseSync {
  if (!Number.isInteger(checkpointPages) || checkpointPages < 1 || checkpointPages > 1_000_000) {
    throw new RangeError(`checkpointPages must be an integer from 1 to 1000000, got ${checkpointPages}`);
  }
  const database = new DatabaseSync(path);
  try {
    // One process has the file: with this mode SQLite keeps the WAL index in memory instead of a file, which a full disk would refuse.
    // Before anything else, because the first statement that looks at the file decides.
    database.exec('pragma locking_mode = exclusive');
    assertSqliteVersion(String(pragma(database, 'select sqlite_version()')));
    expectSetting(path, 'journal_mode', pragma(database, 'pragma journal_mode = wal'), 'wal');
    database.exec('pragma synchronous = full');
    expectSetting(path, 'synchronous', pragma(database, 'pragma synchronous'), 2);
    database.exec(`pragma wal_autocheckpoint = ${checkpointPages}`);
    // Savepoints and sorting spill to memory: nothing about a batch needs a temporary file.
    database.exec('pragma temp_store = memory');
    database.exec('pragma cell_size_check = on');
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Throws where `version` (`major.minor.patch`) is older than the first one without the WAL reset fault. */
export function assertSqliteVersion(version: string): void {
  const parts = version.split('.').map(Number);
  const oldest = OLDEST_SQLITE.split('.').map(Number);
  for (const [index, least] of oldest.entries()) {
    const part = parts[index] ?? 0;
    if (part > least) return;
    if (!(part >= least))
      throw new Error(`SQLite ${version} can corrupt WAL databases; ${OLDEST_SQLITE} or newer is needed`);
  }
}

function pragma(database: DatabaseSync, sql: string): unknown {
  return Object.values(database.prepare(sql).get() ?? {})[0];
}

function expectSetting(path: string, name: string, actual: unknown, wanted: unknown): void {
  if (actual !== wanted) throw new Error(`${path}: SQLite kept ${name}=${String(actual)}, ${String(wanted)} is needed`);
}
