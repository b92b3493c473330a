import type { DatabaseSync } from 'node:sqlite';

/**
 * How many rows share the first, the first two, … columns of an index, after the number of rows (the format of `sqlite_stat1`).
 * Only where SQLite's own guess is wrong: it takes a notification for one with a handful of deliveries and would read all of them to
 * find those of one recipient, which a notification to a hundred thousand makes unbearable.
 */
const STATISTICS = [
  ['deliveries', 'deliveries', '10000000 10000000 10000 1'],
  ['deliveries', 'deliveries_recipient', '10000000 10000000 10000 3'],
] as const;

/** Fixed instead of measured, so that plans do not depend on what happened to be in the tables when somebody measured. */
export function setPlannerStatistics(database: DatabaseSync): void {
  // Makes the table of statistics where it is missing, and nothing else.
  database.exec('analyze sqlite_schema');
  database.exec('delete from sqlite_stat1');
  const insert = database.prepare('insert into sqlite_stat1 (tbl, idx, stat) values (?, ?, ?)');
  for (const row of STATISTICS) insert.run(...row);
  // Statistics are read when a connection opens, and by this.
  database.exec('analyze sqlite_schema');
}
