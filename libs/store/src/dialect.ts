import type { AliasedRawBuilder, RawBuilder } from 'kysely';
import type { Place } from './place.ts';

/** Type of a column of rows that are handed to a statement; a question mark allows null. */
export type ColumnKind = 'text' | 'text?' | 'integer' | 'integer?' | 'float';
export type Columns = { readonly [name: string]: ColumnKind };

export type ValueOf<Kind extends ColumnKind> =
  | (Kind extends 'text' | 'text?' ? string : number)
  | (Kind extends 'text?' | 'integer?' ? null : never);

export type RowOf<C extends Columns> = { readonly [Name in keyof C]: ValueOf<C[Name]> };

/** Where the databases differ. Everything else is SQL that both understand. */
export type Dialect = {
  /**
   * Rows as a table that a statement can join or insert from, with their position as `ordinal`: one parameter however many rows, so that one prepared
   * statement serves every batch size. `rows` is where `encode` gives them.
   */
  rows<C extends Columns, Alias extends string>(
    alias: Alias,
    columns: C,
    rows: Place,
  ): AliasedRawBuilder<RowOf<C> & { readonly ordinal: number }, Alias>;
  /** The parameter that stands for rows. Callers may hand in whole domain objects: what has no column is left out. */
  encode<C extends Columns>(columns: C, rows: readonly RowOf<C>[]): string;
  /** True where other transactions run at the same time, so that rows must be locked before they are decided on. */
  readonly locksRows: boolean;
  /** 32 hexadecimal digits from the database's own source of randomness. */
  readonly randomHex: RawBuilder<string>;
  readonly blobType: 'blob' | 'bytea';
  /** Text that sorts by its bytes. */
  readonly textType: RawBuilder<unknown>;
  /** Ends `create table` for a table that is best stored as the tree of its primary key, where the database can. */
  readonly clustered: RawBuilder<unknown>;
  /**
   * Ends `create table` for a table whose rows are updated soon after they were inserted: where a new version of a row goes beside the old one, pages are filled
   * to this percentage only, so that it stays on its page and no index has to be told.
   */
  updated(fillPercent: number): RawBuilder<unknown>;
  /** The same for a table whose rows come and go like those of a queue: what is gone is cleared away soon. */
  readonly churning: RawBuilder<unknown>;
};
