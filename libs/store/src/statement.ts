import { type AliasedRawBuilder, type Compilable, type Kysely, type RawBuilder, sql } from 'kysely';
import type { ColumnKind, Columns, Dialect, RowOf, ValueOf } from './dialect.ts';
import { Place } from './place.ts';
import type { QueryContext } from './query-context.ts';
import type { Schema } from './schema.ts';

/** What each run of a statement brings, by name: rows with these columns, or a single value. */
export type Parameters = { readonly [name: string]: Columns | ColumnKind };

/** Inside the statement: rows are a table under the parameter's name, with their position as `ordinal`. */
type Parts<P extends Parameters> = {
  readonly [Name in keyof P & string]: P[Name] extends Columns
    ? AliasedRawBuilder<RowOf<P[Name]> & { readonly ordinal: number }, Name>
    : P[Name] extends ColumnKind
      ? RawBuilder<ValueOf<P[Name]>>
      : never;
};

export type Values<P extends Parameters> = {
  readonly [Name in keyof P]: P[Name] extends Columns
    ? readonly RowOf<P[Name]>[]
    : P[Name] extends ColumnKind
      ? ValueOf<P[Name]>
      : never;
};

export type StatementBase = { readonly db: Kysely<Schema>; readonly dialect: Dialect };

/** Sends the statement when it is called, before it returns: what is called one after the other reaches the database in that order. */
export type Statement<P extends Parameters, Row> = (
  context: QueryContext,
  values: Values<P>,
) => Promise<readonly Row[]>;

type Compiled = { readonly text: string; readonly parameters: readonly unknown[] };

/**
 * A statement that is written with Kysely and compiled once for each kind of database: building and compiling it for every run would cost more than running it.
 * Any number of rows is one parameter, so its text never depends on what it is run with.
 */
export function createStatement<P extends Parameters, Row>(
  parameters: P,
  build: (base: StatementBase, parts: Parts<P>) => Compilable<Row>,
): Statement<P, Row> {
  const compiled = new WeakMap<Dialect, Compiled>();

  function compile({ db, dialect }: QueryContext): Compiled {
    const parts: Record<string, unknown> = {};
    for (const [name, kind] of Object.entries(parameters)) {
      const place = new Place(name);
      parts[name] = typeof kind === 'string' ? sql`${place}` : dialect.rows(name, kind, place);
    }
    const { sql: text, parameters: given } = build({ db, dialect }, parts as Parts<P>).compile();
    return { text, parameters: given };
  }

  return (context, values) => {
    const { dialect } = context;
    let statement = compiled.get(dialect);
    if (statement === undefined) {
      statement = compile(context);
      compiled.set(dialect, statement);
    }
    const given: Record<string, unknown> = {};
    for (const [name, kind] of Object.entries(parameters)) {
      const value: unknown = values[name];
      given[name] = typeof kind === 'string' ? value : dialect.encode(kind, value as readonly RowOf<Columns>[]);
    }
    const filled = statement.parameters.map((value) => (value instanceof Place ? given[value.name] : value));
    return context.run(statement.text, filled) as Promise<readonly Row[]>;
  };
}
