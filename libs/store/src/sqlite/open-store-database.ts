import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { Kysely, SqliteDialect } from 'kysely';
import { migrate } from '../migrations/migrate.ts';
import type { QueryContext } from '../query-context.ts';
import type { Schema } from '../schema.ts';
import { setPlannerStatistics } from './planner-statistics.ts';
import { sqliteDialect } from './sqlite-dialect.ts';

/** Statements of one store: a few dozen texts, since bulk rows are one parameter. Far above that, so that nothing thrashes. */
const CACHED_STATEMENTS = 500;

/**
 * Kysely over an open connection, tables brought up to date, and what runs compiled statements on it. The caller begins and ends transactions, one call at a time:
 * Kysely's own `transaction()` must not be used.
 */
export async function openStoreDatabase(database: DatabaseSync): Promise<Omit<QueryContext, 'nowMs'>> {
  const cached = withStatementCache(database);
  const db = new Kysely<Schema>({ dialect: new SqliteDialect({ database: cached }) });
  // All migrations or none: a crash half-way leaves the tables as they were.
  database.exec('begin immediate');
  try {
    await migrate(db, sqliteDialect);
    setPlannerStatistics(database);
    database.exec('commit');
  } catch (error) {
    if (database.isTransaction) database.exec('rollback');
    throw error;
  }
  return {
    db,
    async run(text, parameters) {
      const statement = cached.prepare(text);
      if (statement.reader) return statement.all(parameters);
      statement.run(parameters);
      return [];
    },
    finish: async (statements) => void (await Promise.all(statements)),
    dialect: sqliteDialect,
  };
}

type CachedStatement = {
  readonly reader: boolean;
  all(parameters: readonly unknown[]): unknown[];
  run(parameters: readonly unknown[]): { changes: number | bigint; lastInsertRowid: number | bigint };
  iterate(parameters: readonly unknown[]): IterableIterator<unknown>;
};

/** Preparing costs more than running most of our statements, so each text is prepared once. */
function withStatementCache(database: DatabaseSync) {
  const statements = new Map<string, CachedStatement>();
  return {
    close: () => database.close(),
    prepare(sql: string): CachedStatement {
      let statement = statements.get(sql);
      if (statement === undefined) {
        statement = toKyselyStatement(database.prepare(sql));
        if (statements.size >= CACHED_STATEMENTS) statements.clear();
        statements.set(sql, statement);
      }
      return statement;
    },
  };
}

function toKyselyStatement(statement: StatementSync): CachedStatement {
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => statement.all(...(parameters as SQLInputValue[])),
    run: (parameters) => statement.run(...(parameters as SQLInputValue[])),
    iterate: (parameters) => statement.iterate(...(parameters as SQLInputValue[])),
  };
}
