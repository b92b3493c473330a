import type { Kysely } from 'kysely';
import type { Dialect } from './dialect.ts';
import type { Schema } from './schema.ts';

/** Runs a statement on the connection of the context and resolves with the rows that it returns. It is sent before the call returns. */
export type RunStatement = (text: string, parameters: readonly unknown[]) => Promise<readonly unknown[]>;

/** What every query runs with: a connection inside a transaction, the database's ways, and one "now" for the whole call. */
export type QueryContext = {
  readonly db: Kysely<Schema>;
  /** For statements that are compiled already. */
  readonly run: RunStatement;
  /**
   * Waits for what a call writes last. Nothing may be sent after it: where a connection takes several statements at once, the end of the transaction travels
   * with these.
   */
  readonly finish: (statements: readonly Promise<unknown>[]) => Promise<void>;
  readonly dialect: Dialect;
  /** The store's clock, milliseconds since the Unix epoch. */
  readonly nowMs: number;
};
