import { type Compilable, type InsertQueryBuilder, type InsertResult, sql } from 'kysely';
import type { Columns } from './dialect.ts';
import type { Schema } from './schema.ts';
import { createStatement, type Statement } from './statement.ts';

type TableColumns<Table extends keyof Schema> = Columns & {
  readonly [Name in keyof Schema[Table] & string]?: Columns[string];
};

/** A statement that inserts rows; `end` adds `onConflict` and `returning`. `columns` are those that the rows set. */
export function createInsert<Table extends keyof Schema & string, C extends TableColumns<Table>, Row>(
  table: Table,
  columns: C,
  end: (insert: InsertQueryBuilder<Schema, Table, InsertResult>) => Compilable<Row>,
): Statement<{ readonly input: C }, Row> {
  const names = Object.keys(columns);
  return createStatement({ input: columns }, ({ db }, { input }) => {
    const picked = sql.join(names.map((name) => sql.ref(name)));
    const insert = db
      .insertInto(table)
      .columns(names as (keyof Schema[Table] & string)[] as never)
      // Without `where true` SQLite reads the `on` of `on conflict` as a join condition.
      .expression(sql`select ${picked} from ${input} where true`);
    return end(insert as never);
  });
}
