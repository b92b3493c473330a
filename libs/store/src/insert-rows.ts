import { type InsertQueryBuilder, type InsertResult, sql } from 'kysely';
import type { Columns, RowOf } from './dialect.ts';
import type { QueryContext } from './query-context.ts';
import type { Schema } from './schema.ts';

type TableColumns<Table extends keyof Schema> = Columns & {
  readonly [Name in keyof Schema[Table] & string]?: Columns[string];
};

/** One statement that inserts all rows; add `onConflict` and `returning` to it. `columns` are those that the rows set. */
export function insertRows<Table extends keyof Schema & string, C extends TableColumns<Table>>(
  context: QueryContext,
  table: Table,
  columns: C,
  rows: readonly RowOf<C>[],
): InsertQueryBuilder<Schema, Table, InsertResult> {
  const names = Object.keys(columns);
  const source = context.dialect.rows('input', columns, rows);
  const picked = sql.join(names.map((name) => sql.ref(name)));
  // Without `where true` SQLite reads the `on` of `on conflict` as a join condition.
  return context.db
    .insertInto(table)
    .columns(names as (keyof Schema[Table] & string)[] as never)
    .expression(sql`select ${picked} from ${source} where true`) as never;
}
