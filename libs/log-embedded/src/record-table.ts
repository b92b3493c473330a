import type { DatabaseSync, StatementSync } from 'node:sqlite';

/**
 * The records of one partition. A table each, because SQLite then always inserts at the right end of a tree, which fills its pages
 * completely, and the offset is the row id.
 */
export class RecordTable {
  readonly #database: DatabaseSync;
  readonly #name: string;
  #insert: StatementSync | undefined;
  #read: StatementSync | undefined;

  constructor(database: DatabaseSync, partitionId: number) {
    this.#database = database;
    this.#name = `records_${partitionId}`;
  }

  static schema(partitionId: number): string {
    return `create table records_${partitionId} (offset integer primary key, data blob not null) strict`;
  }

  insert(offset: number, record: Uint8Array): void {
    this.#insert ??= this.#database.prepare(`insert into ${this.#name} (offset, data) values (?, ?)`);
    this.#insert.run(offset, record);
  }

  /** The stored rows from `from` on, ascending, as they are in the file: nothing is checked here. */
  read(from: number, limit: number): Iterable<readonly [offset: unknown, record: unknown]> {
    if (this.#read === undefined) {
      this.#read = this.#database.prepare(
        `select offset, data from ${this.#name} where offset >= ? order by offset limit ?`,
      );
      this.#read.setReturnArrays(true);
    }
    return this.#read.iterate(from, limit) as unknown as Iterable<[unknown, unknown]>;
  }

  removeBelow(offset: number): void {
    this.#database.prepare(`delete from ${this.#name} where offset < ?`).run(offset);
  }

  /** Lowest and highest offset; undefined when the table is empty. Costs two look-ups however many rows there are. */
  extent(): readonly [number, number] | undefined {
    const row = this.#database
      .prepare(
        `select (select min(offset) from ${this.#name}) as lowest, (select max(offset) from ${this.#name}) as highest`,
      )
      .get();
    if (typeof row?.lowest !== 'number' || typeof row.highest !== 'number') return undefined;
    return [row.lowest, row.highest];
  }
}
