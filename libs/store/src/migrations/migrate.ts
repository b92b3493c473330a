import type { Kysely } from 'kysely';
import { Migrator } from 'kysely/migration';
import type { Dialect } from '../dialect.ts';
import type { Schema } from '../schema.ts';
import { initialMigration } from './0001-initial.ts';

/** Brings the tables up to date. Throws what the database said, or that the data is from a newer release. */
export async function migrate(db: Kysely<Schema>, dialect: Dialect): Promise<void> {
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => ({ '0001-initial': initialMigration(dialect) }) },
  });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error;
}
