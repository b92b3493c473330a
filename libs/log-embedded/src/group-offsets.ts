import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { assertIntactRow, rowChecksum } from './checked-row.ts';
import { LogCorruption } from './log-corruption.ts';
import type { PartitionState } from './topic-catalog.ts';

/** What each group has committed. */
export class GroupOffsets {
  readonly #read: StatementSync;
  readonly #write: StatementSync;
  readonly #partitionsOf: StatementSync;

  constructor(database: DatabaseSync) {
    this.#read = database.prepare(
      'select reader, partition, next, crc from offsets where reader = ? and partition = ?',
    );
    this.#read.setReturnArrays(true);
    this.#write = database.prepare('insert or replace into offsets (reader, partition, next, crc) values (?, ?, ?, ?)');
    this.#partitionsOf = database.prepare('select partition from offsets where reader = ?');
  }

  /** The offset at which the group continues; 0 before its first commit. */
  committed(group: string, partition: PartitionState): number {
    const row = this.#read.get(group, partition.id) as unknown as [string, number, number, number] | undefined;
    if (row === undefined) return 0;
    assertIntactRow('offsets', row);
    if (row[2] > partition.next) {
      const place = { logTopic: partition.logTopic, partition: partition.number, offset: row[2] };
      throw new LogCorruption(`group ${group} has committed past the end, which is ${partition.next}`, place);
    }
    return row[2];
  }

  /** Returns what is committed afterwards: `next`, or more where more was committed already. */
  commit(group: string, partition: PartitionState, next: number): number {
    if (!Number.isSafeInteger(next) || next < 0 || next > partition.next) {
      const where = `${partition.logTopic} partition ${partition.number}`;
      throw new RangeError(`group ${group} cannot commit ${next} on ${where}, which ends at ${partition.next}`);
    }
    const committed = this.committed(group, partition);
    if (next <= committed) return committed;
    this.#write.run(group, partition.id, next, rowChecksum('offsets', [group, partition.id, next]));
    return next;
  }

  /** Ids of the partitions on which the group has ever committed. */
  partitionsOf(group: string): Set<number> {
    return new Set(this.#partitionsOf.all(group).map((row) => Number(row.partition)));
  }
}
