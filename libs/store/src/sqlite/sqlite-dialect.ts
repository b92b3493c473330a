import { sql } from 'kysely';
import type { Dialect } from '../dialect.ts';

/** The differences of SQLite: one writer, no row locks, bulk rows through `json_each`. */
export const sqliteDialect: Dialect = {
  rows(alias, columns, rows) {
    const names = Object.keys(columns);
    const picked = sql.join(names.map((name, index) => sql`value ->> ${sql.lit(index)} as ${sql.ref(name)}`));
    return sql<never>`(select key as ordinal, ${picked} from json_each(${rows}))`.as(alias);
  },
  encode(columns, rows) {
    const names = Object.keys(columns);
    return JSON.stringify(rows.map((row) => names.map((name) => row[name])));
  },
  locksRows: false,
  randomHex: sql<string>`lower(hex(randomblob(16)))`,
  blobType: 'blob',
  textType: sql`text`,
  clustered: sql`without rowid`,
  updated: () => sql``,
  churning: sql``,
};
