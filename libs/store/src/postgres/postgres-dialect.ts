import { sql } from 'kysely';
import type { ColumnKind, Dialect } from '../dialect.ts';

const TYPES: Readonly<Record<ColumnKind, string>> = {
  text: 'text',
  'text?': 'text',
  integer: 'bigint',
  'integer?': 'bigint',
  float: 'double precision',
};

/** More than one parameter has room for. */
const MAX_ROWS = 2_147_483_647;

/** The differences of PostgreSQL: many writers that lock rows, bulk rows as the records of one JSON parameter. */
export const postgresDialect: Dialect = {
  rows(alias, columns, rows) {
    const names = Object.keys(columns);
    const picked = sql.join(names.map((name) => sql.ref(name)));
    const typed = sql.join(names.map((name) => sql`${sql.ref(name)} ${sql.raw(TYPES[columns[name] ?? 'text'])}`));
    const records = sql`rows from (json_to_recordset(${rows}::json) as (${typed})) with ordinality`;
    // Always true. Of such a range the planner expects one row, where it would take 100 for granted: so it looks up what belongs to each, and never reads a table that it takes for
    // small, by figures that are old when the table grows fast, from end to end.
    const few = sql`ordinal between 1 and ${sql.lit(MAX_ROWS)}`;
    return sql<never>`(select ordinal - 1 as ordinal, ${picked} from ${records} as records(${picked}, ordinal) where ${few})`.as(
      alias,
    );
  },
  encode(columns, rows) {
    const names = Object.keys(columns);
    // What has no column would be parsed for nothing, and its names may hold what PostgreSQL refuses.
    return JSON.stringify(
      rows.map((row) => {
        const cells: Record<string, unknown> = {};
        for (const name of names) cells[name] = storable(row[name]);
        return cells;
      }),
    );
  },
  locksRows: true,
  randomHex: sql<string>`replace(gen_random_uuid()::text, '-', '')`,
  blobType: 'bytea',
  textType: sql`text collate "C"`,
  clustered: sql``,
  // Dead versions are cleared away when they are a twentieth of the table, not a fifth: large tables would wait for days.
  updated: (fillPercent) =>
    sql`with (fillfactor = ${sql.lit(fillPercent)}, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05)`,
  churning: sql`with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, autovacuum_analyze_scale_factor = 0.05)`,
};

function storable(value: unknown): unknown {
  return typeof value === 'string' ? toStorable(value) : value;
}

/**
 * PostgreSQL refuses the character U+0000 and halves of surrogate pairs in text; a provider's answer that holds one must not make its settlement fail for ever.
 * Both become U+FFFD. JSON inside a column is not affected: there they are escaped.
 */
export function toStorable(text: string): string {
  return text.includes('\0') || !text.isWellFormed() ? text.toWellFormed().replaceAll('\0', '\uFFFD') : text;
}
