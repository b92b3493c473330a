import type { Generation, LogPartition, LogRecord } from '@belfry/core/log';
import type { Fifo } from './fifo.ts';
import { createFifo } from './fifo.ts';
import { type Chain, createKeyChains } from './key-chains.ts';
import { createPartitionTracker } from './partition-tracker.ts';

/** A record that was taken: it stands in its key's chain until it is done. A handler runs for the head of a chain and may have those behind it too. */
export type Task = {
  readonly record: LogRecord;
  readonly key: string;
  readonly run: PartitionRun;
  readonly ticket: number;
  /** What `concurrencyKey` said of the record. */
  readonly limitKey: string | undefined;
  /** Goes to its handler without a slot of its limit key. Set by the queue each time before it starts. */
  crowded: boolean;
  next: Task | undefined;
  chain: Chain<Task> | undefined;
  /** Of a running head: the records its handler has, itself included. */
  handed: number;
  startedAtMs: number;
  gateToken: number;
  /** Times a handler that had it failed. */
  failures: number;
};

/** The records that the handler of a running head has. */
export function recordsOf(head: Task): readonly [LogRecord, ...LogRecord[]] {
  const records: [LogRecord, ...LogRecord[]] = [head.record];
  for (let task = head.next; task !== undefined && records.length < head.handed; task = task.next) {
    records.push(task.record);
  }
  return records;
}

/**
 * One generation of one partition in memory. Records wait in three places: `intake` (beyond the look-ahead), their key's chain (behind an
 * earlier record of the key), `ready` (may start). Pure bookkeeping: it starts nothing and talks to nobody.
 */
export type PartitionRun = {
  readonly partition: LogPartition;
  readonly generation: Generation;
  readonly laneIndex: number;
  /** Tasks that may start, oldest first. */
  readonly ready: Fifo<Task>;
  /** Records that wait for a slot or for the look-ahead, not for an earlier one of their key: those in `ready` and in `intake`. */
  readonly startable: number;
  /** Bytes of the values of all records that have not started, wherever they wait. */
  readonly waitingBytes: number;
  /** Whether anything was handed out that is not done. */
  readonly isUnfinished: boolean;
  /** Handlers running. */
  readonly inFlight: number;
  readonly dropped: boolean;
  /** True while handlers of an earlier generation of the partition still run in this process. Set by the owner. */
  held: boolean;
  /** True while the log is asked to send nothing. Set by the owner. */
  paused: boolean;
  /** True while it stands in its lane's queue. Set by the queue. */
  queued: boolean;
  offer(records: readonly LogRecord[]): void;
  /** The head, taken from `ready` by the caller, is running from here on, with as many of those behind it as may share its handler. */
  started(head: Task): void;
  /** All that the head's handler had is done. Returns whether there is more to commit than before. */
  done(head: Task): boolean;
  /** The handler failed: all it had must run again and stays where it is in its chain. The caller puts the head into `ready` in its time. */
  failed(head: Task): void;
  /** Forgets everything that does not run. What runs is counted until it settles, and changes nothing. */
  drop(): void;
  committable(): bigint | undefined;
  /** True while the look-ahead keeps records in `intake`. */
  readonly full: boolean;
};

export type PartitionRunOptions = {
  readonly partition: LogPartition;
  readonly generation: Generation;
  readonly laneIndex: number;
  readonly lookAhead: number;
  /** Records of one key that a handler may have at once, ≥ 1. */
  readonly keyBatch: number;
  readonly concurrencyKey: ((record: LogRecord) => string | undefined) | undefined;
};

export function createPartitionRun(options: PartitionRunOptions): PartitionRun {
  const { concurrencyKey, keyBatch } = options;
  const tracker = createPartitionTracker(options.lookAhead);
  const chains = createKeyChains<Task>();
  const intake = createFifo<LogRecord>();
  const ready = createFifo<Task>();
  let waitingBytes = 0;
  let inFlight = 0;
  let dropped = false;

  const take = (record: LogRecord) => {
    const task: Task = {
      record,
      key: record.key,
      run,
      ticket: tracker.take(record.offset),
      limitKey: concurrencyKey?.(record),
      crowded: false,
      next: undefined,
      chain: undefined,
      handed: 0,
      startedAtMs: 0,
      gateToken: 0,
      failures: 0,
    };
    if (chains.add(task)) ready.push(task);
  };

  /** Takes the record, or passes over one that was taken before. False while it lies beyond the look-ahead. */
  const admits = (record: LogRecord): boolean => {
    const verdict = tracker.verdict(record.offset);
    if (verdict === 'full') return false;
    if (verdict === 'take') take(record);
    else waitingBytes -= record.value.length;
    return true;
  };

  const admit = () => {
    for (let record = intake.peek(); record !== undefined && admits(record); record = intake.peek()) intake.shift();
  };

  /** After a failure one at a time: the records that can succeed then do, and the one that cannot fails alone. */
  const handedWith = (head: Task): number => {
    if (head.failures > 0) return 1;
    let handed = 1;
    for (let task = head.next; handed < keyBatch && task !== undefined; task = task.next) {
      if (task.limitKey !== head.limitKey) break;
      handed++;
    }
    return handed;
  };

  const handedBytes = (head: Task): number => {
    let bytes = 0;
    let task: Task | undefined = head;
    for (let left = head.handed; left > 0 && task !== undefined; left--) {
      bytes += task.record.value.length;
      task = task.next;
    }
    return bytes;
  };

  const run: PartitionRun = {
    partition: options.partition,
    generation: options.generation,
    laneIndex: options.laneIndex,
    ready,
    get startable() {
      return ready.size + intake.size;
    },
    get waitingBytes() {
      return waitingBytes;
    },
    get isUnfinished() {
      return tracker.open > 0;
    },
    get inFlight() {
      return inFlight;
    },
    get dropped() {
      return dropped;
    },
    get full() {
      return intake.size > 0;
    },
    held: false,
    paused: false,
    queued: false,
    offer(records) {
      for (const record of records) {
        waitingBytes += record.value.length;
        if (intake.size > 0 || !admits(record)) intake.push(record);
      }
    },
    started(head) {
      head.handed = handedWith(head);
      waitingBytes -= handedBytes(head);
      inFlight++;
    },
    done(head) {
      inFlight--;
      if (dropped) return false;
      let moved = false;
      let next: Task | undefined = head;
      for (let left = head.handed; left > 0 && next !== undefined; left--) {
        if (tracker.finish(next.ticket)) moved = true;
        next = chains.finish(next);
      }
      if (next !== undefined) ready.push(next);
      if (moved) admit();
      return moved;
    },
    failed(head) {
      inFlight--;
      let task: Task | undefined = head;
      for (let left = head.handed; left > 0 && task !== undefined; left--) {
        task.failures++;
        task = task.next;
      }
      if (!dropped) waitingBytes += handedBytes(head);
    },
    drop() {
      dropped = true;
      waitingBytes = 0;
      intake.clear();
      ready.clear();
    },
    committable: () => tracker.committable(),
  };
  return run;
}
