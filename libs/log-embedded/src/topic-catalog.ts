import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { LogTopicSettings } from '@belfry/core/log';
import { assertIntactRow, rowChecksum } from './checked-row.ts';
import { LogCorruption } from './log-corruption.ts';
import { RecordTable } from './record-table.ts';

/** Stored in the file's `user_version`; another number is a file that this program cannot read. */
const FORMAT = 1;

const SCHEMA = `
  create table log (id integer primary key, topics integer not null, partitions integer not null, crc integer not null) strict;
  create table topics (id integer primary key, name text not null unique, settings text not null, crc integer not null) strict;
  create table partitions (
    id integer primary key, topic integer not null, number integer not null,
    first integer not null, next integer not null, bytes integer not null, crc integer not null
  ) strict;
  create table offsets (
    reader text not null, partition integer not null, next integer not null, crc integer not null,
    primary key (reader, partition)
  ) strict, without rowid;
  pragma user_version = ${FORMAT};
`;

/** A partition and its extent: records `first` to `next` - 1 are stored, their blobs have `bytes` bytes together. */
export type PartitionState = {
  readonly id: number;
  readonly logTopic: string;
  readonly number: number;
  readonly records: RecordTable;
  first: number;
  next: number;
  bytes: number;
};

export type Topic = {
  readonly id: number;
  readonly settings: LogTopicSettings;
  readonly partitions: readonly PartitionState[];
};

/** The topics and partitions of the log, kept in memory and, each row with its checksum, in the file. */
export class TopicCatalog {
  readonly #database: DatabaseSync;
  readonly #tables = new Map<number, RecordTable>();
  #saveExtent: StatementSync | undefined;
  #topics = new Map<string, Topic>();
  #partitions = new Map<number, PartitionState>();

  /** Makes the tables in a file that may be new. Throws a `LogCorruption` where the bookkeeping does not hold together. */
  constructor(database: DatabaseSync, mayBeNew: boolean) {
    this.#database = database;
    const format = Object.values(database.prepare('pragma user_version').get() ?? {})[0];
    if (format === 0 && mayBeNew) {
      database.exec(`begin; ${SCHEMA}`);
      this.#saveTotals();
      database.exec('commit');
    } else if (format === 0) {
      throw new LogCorruption('the file is empty or gone, but a log was made in this directory');
    } else if (format !== FORMAT) {
      throw new LogCorruption(`the file has format ${String(format)}, this program reads ${FORMAT}`);
    }
    this.reload();
    for (const partition of this.#partitions.values()) assertExtent(partition);
  }

  topics(): Topic[] {
    return [...this.#topics.values()];
  }

  /** Records ever appended to all partitions. */
  total(): number {
    return [...this.#partitions.values()].reduce((sum, { next }) => sum + next, 0);
  }

  partition(id: number): PartitionState {
    const partition = this.#partitions.get(id);
    if (partition === undefined) throw new RangeError(`the log has no partition with id ${id}`);
    return partition;
  }

  /** Reads everything from the file again, after a change in memory turned out not to be kept there. */
  reload(): void {
    const totals = this.#rows('select topics, partitions, crc from log');
    const topicRows = this.#rows('select id, name, settings, crc from topics order by id');
    const rows = this.#rows('select id, topic, number, first, next, bytes, crc from partitions order by topic, number');
    for (const row of totals) assertIntactRow('log', row);
    if (totals.length !== 1 || totals[0]?.[0] !== topicRows.length || totals[0]?.[1] !== rows.length) {
      throw new LogCorruption(`rows are missing (${topicRows.length} topics, ${rows.length} partitions are left)`);
    }
    this.#topics = new Map();
    this.#partitions = new Map();
    for (const row of topicRows) {
      assertIntactRow('topics', row);
      const [id, name, settings] = row as [number, string, string];
      this.#topics.set(name, { id, settings: JSON.parse(settings), partitions: [] });
    }
    const byId = new Map([...this.#topics.values()].map((topic) => [topic.id, topic]));
    for (const row of rows) {
      assertIntactRow('partitions', row);
      const [id, topicId, number, first, next, bytes] = row as number[] as [
        number,
        number,
        number,
        number,
        number,
        number,
      ];
      const topic = byId.get(topicId);
      if (topic === undefined) throw new LogCorruption(`partition row ${id} belongs to no topic`);
      this.#remember(topic, {
        id,
        logTopic: topic.settings.name,
        number,
        records: this.#table(id),
        first,
        next,
        bytes,
      });
    }
  }

  /** Makes a missing topic, grows one that has fewer partitions, and takes over the other settings. */
  ensure(settings: LogTopicSettings): void {
    const before = this.#topics.get(settings.name);
    const partitions = Math.max(settings.partitions, before?.partitions.length ?? 0);
    const kept: LogTopicSettings = { ...settings, partitions };
    const json = JSON.stringify(kept);
    const id = before?.id ?? this.#topics.size + 1;
    const topic = { id, settings: kept, partitions: [...(before?.partitions ?? [])] };
    this.#topics.set(settings.name, topic);
    this.#database
      .prepare('insert or replace into topics (id, name, settings, crc) values (?, ?, ?, ?)')
      .run(id, settings.name, json, rowChecksum('topics', [id, settings.name, json]));
    for (let number = topic.partitions.length; number < partitions; number++) {
      const partitionId = this.#partitions.size + 1;
      this.#database.exec(RecordTable.schema(partitionId));
      const records = this.#table(partitionId);
      const partition = { id: partitionId, logTopic: settings.name, number, records, first: 0, next: 0, bytes: 0 };
      this.#remember(topic, partition);
      this.save(partition);
    }
    this.#saveTotals();
  }

  /** Writes a partition's extent after it was changed. */
  save({ id, logTopic, number, first, next, bytes }: PartitionState): void {
    const fields = [id, this.#topics.get(logTopic)?.id ?? 0, number, first, next, bytes];
    this.#saveExtent ??= this.#database.prepare(
      'insert or replace into partitions (id, topic, number, first, next, bytes, crc) values (?, ?, ?, ?, ?, ?, ?)',
    );
    this.#saveExtent.run(...fields, rowChecksum('partitions', fields));
  }

  #remember(topic: Topic, partition: PartitionState): void {
    (topic.partitions as PartitionState[]).push(partition);
    this.#partitions.set(partition.id, partition);
  }

  #table(id: number): RecordTable {
    const table = this.#tables.get(id) ?? new RecordTable(this.#database, id);
    this.#tables.set(id, table);
    return table;
  }

  #saveTotals(): void {
    const fields = [this.#topics.size, this.#partitions.size];
    this.#database
      .prepare('insert or replace into log (id, topics, partitions, crc) values (1, ?, ?, ?)')
      .run(...fields, rowChecksum('log', fields));
  }

  #rows(sql: string): unknown[][] {
    const statement = this.#database.prepare(sql);
    statement.setReturnArrays(true);
    return statement.all() as unknown as unknown[][];
  }
}

/** Finds a lost first or last page of a partition without reading it all; what lies between is checked when it is read. */
function assertExtent({ logTopic, number, records, first, next }: PartitionState): void {
  const place = { logTopic, partition: number, offset: next };
  const extent = records.extent();
  const [lowest, highest] = extent ?? [next, next - 1];
  if (lowest !== first || highest !== next - 1) {
    throw new LogCorruption(`records ${first} to ${next - 1} should be stored, found ${lowest} to ${highest}`, place);
  }
}
