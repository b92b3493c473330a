import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { Dialect } from '../dialect.ts';

/** Which way the notification of a dead letter came in, as JSON. */
export function deadLetterOriginMigration({ textType: text }: Dialect): Migration {
  return {
    async up(db: Kysely<unknown>) {
      await sql`alter table dead_letters add column origin ${text}`.execute(db);
    },
  };
}
