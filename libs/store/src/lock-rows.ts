import { sql } from 'kysely';
import type { Columns, RowOf } from './dialect.ts';
import type { QueryContext } from './query-context.ts';
import type { Schema } from './schema.ts';
import { createStatement } from './statement.ts';

/**
 * Locks rows of a table by their keys, in the order of the key's columns as given, until the transaction ends. Two transactions that lock the same rows in the same order
 * never wait for each other in a circle. What is decided on must be read after this: a statement that waits for a lock sees other tables as they were before the
 * wait. Does nothing where one writer is all there is.
 */
export function createRowLock<C extends Columns>(
  table: keyof Schema,
  key: C,
): (context: QueryContext, rows: readonly RowOf<C>[]) => Promise<void> {
  const names = Object.keys(key);
  const lock = createStatement({ input: key as Columns }, ({ db }, { input }) => {
    const same = names.map((name) => sql`${sql.ref(`locked.${name}`)} = ${sql.ref(`input.${name}`)}`);
    const order = names.map((name) => sql.ref(`locked.${name}`));
    const locking = sql`
      select 1 from ${input} inner join ${sql.table(table)} as locked on ${sql.join(same, sql` and `)}
      order by ${sql.join(order)} for no key update of locked`;
    return { compile: () => locking.compile(db) };
  });
  return async (context, rows) => {
    if (context.dialect.locksRows && rows.length > 0) await lock(context, { input: rows });
  };
}

/** Sorted by these columns: those who insert the same rows must do so in the same order, or each waits for what the other has inserted. */
export function inOrder<Name extends string, Row extends { readonly [N in Name]: string }>(
  rows: readonly Row[],
  ...names: readonly Name[]
): readonly Row[] {
  return rows.toSorted((left, right) => {
    for (const name of names) {
      if (left[name] < right[name]) return -1;
      if (left[name] > right[name]) return 1;
    }
    return 0;
  });
}
