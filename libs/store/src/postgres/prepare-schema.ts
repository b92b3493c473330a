import { sql } from 'kysely';
import { DatabaseError, escapeIdentifier } from 'pg';
import { migrate } from '../migrations/migrate.ts';
import { postgresDialect } from './postgres-dialect.ts';
import type { PostgresPool } from './postgres-pool.ts';
import { BEGIN, inTransaction } from './run-transaction.ts';

/** Another process may be migrating large tables; beyond that somebody has to look. */
const LOCK_TIMEOUT_MS = 120_000;
const LOCK_NOT_AVAILABLE = '55P03';

/**
 * Makes the schema and brings its tables up to date, all or nothing. However many processes start at the same time, one does the work and the others wait for it and find
 * nothing left to do. Rejects where another process holds the lock for longer than two minutes, and where the schema is from a newer release.
 */
export async function prepareSchema(pool: PostgresPool, schema: string): Promise<void> {
  await pool.withConnection((connection) =>
    inTransaction(connection, BEGIN.transaction, async ({ db }) => {
      await sql`select set_config('lock_timeout', ${`${LOCK_TIMEOUT_MS}`}, true),
        set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '0', true)`.execute(
        db,
      );
      // Held until the transaction ends, however it ends. The key is the schema: others may share the database.
      await sql`select pg_advisory_xact_lock(hashtext('belfry-schema'), hashtext(${schema}))`
        .execute(db)
        .catch((error: unknown) => {
          if (!(error instanceof DatabaseError) || error.code !== LOCK_NOT_AVAILABLE) throw error;
          const seconds = LOCK_TIMEOUT_MS / 1_000;
          throw new Error(`another process has been changing the tables of schema "${schema}" for ${seconds} s`);
        });
      await sql.raw(`create schema if not exists ${escapeIdentifier(schema)}`).execute(db);
      await migrate(db, postgresDialect, schema);
    }),
  );
}
