import type { Kysely } from 'kysely';
import type { Dialect } from './dialect.ts';
import type { Schema } from './schema.ts';

/** What every query runs with: a connection inside a transaction, the database's ways, and one "now" for the whole call. */
export type QueryContext = {
  readonly db: Kysely<Schema>;
  readonly dialect: Dialect;
  /** The store's clock, milliseconds since the Unix epoch. */
  readonly nowMs: number;
};
