import type { Kysely } from 'kysely';
import { Migrator } from 'kysely/migration';
import type { Dialect } from '../dialect.ts';
import type { Schema } from '../schema.ts';
import { initialMigration } from './0001-initial.ts';
import { deliveryOrderMigration } from './0002-delivery-order.ts';
import { deadLetterOriginMigration } from './0003-dead-letter-origin.ts';

/** What Kysely says of a migration that was run and that this release does not have. */
const UNKNOWN_MIGRATION = /previously executed migration (\S+) is missing/;

/**
 * Brings the tables up to date, in the transaction that the caller holds. `schema` where the database has several.
 * Throws what the database said, or that the tables are from a newer release.
 */
export async function migrate(db: Kysely<Schema>, dialect: Dialect, schema?: string): Promise<void> {
  const migrator = new Migrator({
    db,
    provider: {
      getMigrations: async () => ({
        '0001-initial': initialMigration(dialect),
        '0002-delivery-order': deliveryOrderMigration(),
        '0003-dead-letter-origin': deadLetterOriginMigration(dialect),
      }),
    },
    disableTransactions: true,
    ...(schema === undefined ? {} : { migrationTableSchema: schema }),
  });
  const { error } = await migrator.migrateToLatest();
  if (error === undefined) return;
  const unknown = error instanceof Error ? UNKNOWN_MIGRATION.exec(error.message)?.[1] : undefined;
  if (unknown === undefined) throw error;
  throw new Error(`the store's tables are from a newer release, which made ${unknown}: start that release`, {
    cause: error,
  });
}
