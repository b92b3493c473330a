import type { DatabaseSync } from 'node:sqlite';
import type { LogTopicSettings } from '@belfry/core/log';
import { forEachPacked } from './append-packer.ts';
import type { DiskSpace } from './disk-space.ts';
import { GroupOffsets } from './group-offsets.ts';
import { LogCorruption } from './log-corruption.ts';
import { appendedAtMsOf, isIntactRecord, sealRecord } from './record-codec.ts';
import { isExpired } from './retention.ts';
import { type PartitionState, TopicCatalog } from './topic-catalog.ts';

export type TopicDescription = {
  readonly settings: LogTopicSettings;
  readonly partitions: readonly { readonly id: number; readonly next: number }[];
};

/** Records `first` to `first + count - 1`; `packed` has for each its length (u32) and its stored form. */
export type StoredBatch = { readonly first: number; readonly count: number; readonly packed: ArrayBuffer };

export type Backlog = {
  readonly logTopic: string;
  readonly partition: number;
  readonly records: number;
  readonly oldestAppendedAtMs: number | undefined;
};

const TRIM_CHUNK_RECORDS = 1_000;

/** The log's tables as the thread sees them. Everything here runs inside a transaction of the thread server. */
export class LogStorage {
  readonly #catalog: TopicCatalog;
  readonly #offsets: GroupOffsets;
  readonly #space: DiskSpace;
  #total: number;

  /** `highWater` as `readHighWater` returns it. Throws a `LogCorruption` where the file holds less. */
  constructor(database: DatabaseSync, space: DiskSpace, highWater: number | undefined) {
    this.#catalog = new TopicCatalog(database, highWater === undefined);
    this.#total = this.#catalog.total();
    if (this.#total < (highWater ?? 0)) {
      throw new LogCorruption(`it ends after ${this.#total} records, but had acknowledged ${highWater}`);
    }
    this.#offsets = new GroupOffsets(database);
    this.#space = space;
  }

  /** Records ever appended, whether or not retention has removed them. */
  get total(): number {
    return this.#total;
  }

  forget(): void {
    this.#catalog.reload();
    this.#total = this.#catalog.total();
  }

  describe(): TopicDescription[] {
    return this.#catalog.topics().map(({ settings, partitions }) => ({
      settings,
      partitions: partitions.map(({ id, next }) => ({ id, next })),
    }));
  }

  ensureTopics(topics: readonly LogTopicSettings[]): TopicDescription[] {
    for (const settings of topics) this.#catalog.ensure(settings);
    return this.describe();
  }

  /** Returns the offset of each packed record. */
  append(packed: ArrayBuffer, nowMs: number): Float64Array<ArrayBuffer> {
    this.#space.assertRoom(packed.byteLength, nowMs);
    const offsets: number[] = [];
    const touched = new Set<PartitionState>();
    forEachPacked(packed, (partitionId, record) => {
      const partition = this.#catalog.partition(partitionId);
      sealRecord(record, partitionId, partition.next);
      partition.records.insert(partition.next, record);
      offsets.push(partition.next);
      partition.next += 1;
      partition.bytes += record.length;
      touched.add(partition);
    });
    for (const partition of touched) this.#catalog.save(partition);
    this.#total += offsets.length;
    return new Float64Array(offsets);
  }

  /** At most `maxRecords` records from `from` on, and no more after `maxBytes` are reached; from the first stored one if that is later. */
  read(partitionId: number, from: number, maxRecords: number, maxBytes: number): StoredBatch {
    const partition = this.#catalog.partition(partitionId);
    const first = Math.max(from, partition.first);
    const records: Uint8Array[] = [];
    let bytes = 0;
    for (const record of this.#intact(partition, first, Math.min(maxRecords, partition.next - first))) {
      records.push(record);
      bytes += 4 + record.length;
      if (bytes >= maxBytes) break;
    }
    const packed = new ArrayBuffer(bytes);
    const target = Buffer.from(packed);
    let at = 0;
    for (const record of records) {
      target.writeUInt32BE(record.length, at);
      target.set(record, at + 4);
      at += 4 + record.length;
    }
    return { first, count: records.length, packed };
  }

  committed(group: string, partitionIds: readonly number[]): number[] {
    return partitionIds.map((id) => this.#offsets.committed(group, this.#catalog.partition(id)));
  }

  commit(group: string, partitionId: number, next: number): number {
    return this.#offsets.commit(group, this.#catalog.partition(partitionId), next);
  }

  /** Of the topics that name the group, those in `also`, and the partitions on which it ever committed. */
  backlog(group: string, also: readonly string[]): Backlog[] {
    const committedOn = this.#offsets.partitionsOf(group);
    const backlogs: Backlog[] = [];
    for (const { settings, partitions } of this.#catalog.topics()) {
      const whole = settings.groups.includes(group) || also.includes(settings.name);
      for (const partition of partitions) {
        if (whole || committedOn.has(partition.id)) backlogs.push(this.#backlogOf(group, partition));
      }
    }
    return backlogs;
  }

  /** Removes expired records, at most a chunk. Returns how many; 0 means that nothing is left to remove. */
  trim(nowMs: number): number {
    let left = TRIM_CHUNK_RECORDS;
    for (const { settings, partitions } of this.#catalog.topics()) {
      const { retentionMs, retentionBytes } = settings;
      const limits = { nowMs, retentionMs, retentionBytes };
      for (const partition of partitions) {
        const committed = settings.groups.map((group) => this.#offsets.committed(group, partition));
        const floor = Math.min(partition.next, ...committed);
        let { first, bytes } = partition;
        for (const record of this.#intact(partition, first, Math.min(left, floor - first))) {
          if (!isExpired({ offset: first, appendedAtMs: appendedAtMsOf(record) }, bytes, floor, limits)) break;
          first += 1;
          bytes -= record.length;
        }
        if (first === partition.first) continue;
        left -= first - partition.first;
        partition.records.removeBelow(first);
        partition.first = first;
        partition.bytes = bytes;
        this.#catalog.save(partition);
      }
    }
    return TRIM_CHUNK_RECORDS - left;
  }

  #backlogOf(group: string, partition: PartitionState): Backlog {
    const from = Math.max(this.#offsets.committed(group, partition), partition.first);
    const [oldest] = this.#intact(partition, from, Math.min(1, partition.next - from));
    return {
      logTopic: partition.logTopic,
      partition: partition.number,
      records: partition.next - from,
      oldestAppendedAtMs: oldest && appendedAtMsOf(oldest),
    };
  }

  /** Exactly `count` records from `first` on. Throws a `LogCorruption` at the first that is not there or not what was written. */
  *#intact(partition: PartitionState, first: number, count: number): Generator<Uint8Array> {
    if (count <= 0) return;
    let offset = first;
    const place = () => ({ logTopic: partition.logTopic, partition: partition.number, offset });
    for (const [storedOffset, record] of partition.records.read(first, count)) {
      if (storedOffset !== offset)
        throw new LogCorruption(`found offset ${String(storedOffset)} in its place`, place());
      // A damaged page may have anything in its place, whatever the table allows.
      if (!(record instanceof Uint8Array)) throw new LogCorruption('what is stored is no record', place());
      if (!isIntactRecord(record, partition.id, offset)) throw new LogCorruption('the checksum is wrong', place());
      yield record;
      offset += 1;
    }
    if (offset !== first + count) throw new LogCorruption('the record is missing', place());
  }
}
