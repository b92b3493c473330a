import type { Generation, LogPartition, LogRecord } from '@belfry/core/log';
import type { Fifo } from './fifo.ts';
import { createFifo } from './fifo.ts';
import { createKeyChains } from './key-chains.ts';
import { createPartitionTracker } from './partition-tracker.ts';

/** A record that was taken: it stands in its key's chain until it is done. */
export type Task = {
  readonly record: LogRecord;
  readonly key: string;
  readonly run: PartitionRun;
  readonly ticket: number;
  /** What `concurrencyKey` said of the record. */
  readonly limitKey: string | undefined;
  next: Task | undefined;
  startedAtMs: number;
  gateToken: number;
  /** Times its handler failed. */
  failures: number;
};

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
  /** Records not yet started, wherever they wait. */
  readonly buffered: number;
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
  /** The task, taken from `ready` by the caller, is running from here on. */
  started(task: Task): void;
  /** Returns whether there is more to commit than before. */
  done(task: Task): boolean;
  /** The task's handler failed: the task must run again and stays at the head of its chain. The caller puts it into `ready` in its time. */
  failed(task: Task): void;
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
  readonly concurrencyKey: ((record: LogRecord) => string | undefined) | undefined;
};

export function createPartitionRun(options: PartitionRunOptions): PartitionRun {
  const { concurrencyKey } = options;
  const tracker = createPartitionTracker(options.lookAhead);
  const chains = createKeyChains<Task>();
  const intake = createFifo<LogRecord>();
  const ready = createFifo<Task>();
  let buffered = 0;
  let inFlight = 0;
  let dropped = false;

  const take = (record: LogRecord) => {
    const task: Task = {
      record,
      key: record.key,
      run,
      ticket: tracker.take(record.offset),
      limitKey: concurrencyKey?.(record),
      next: undefined,
      startedAtMs: 0,
      gateToken: 0,
      failures: 0,
    };
    if (chains.add(task)) ready.push(task);
  };

  const admit = () => {
    for (let record = intake.peek(); record !== undefined; record = intake.peek()) {
      const verdict = tracker.verdict(record.offset);
      if (verdict === 'full') return;
      intake.shift();
      if (verdict === 'take') take(record);
      else buffered--;
    }
  };

  const run: PartitionRun = {
    partition: options.partition,
    generation: options.generation,
    laneIndex: options.laneIndex,
    ready,
    get buffered() {
      return buffered;
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
      buffered += records.length;
      for (const record of records) intake.push(record);
      admit();
    },
    started() {
      buffered--;
      inFlight++;
    },
    done(task) {
      inFlight--;
      if (dropped) return false;
      const next = chains.finish(task);
      if (next !== undefined) ready.push(next);
      const moved = tracker.finish(task.ticket);
      if (moved) admit();
      return moved;
    },
    failed(task) {
      inFlight--;
      task.failures++;
      if (!dropped) buffered++;
    },
    drop() {
      dropped = true;
      buffered = 0;
      intake.clear();
      ready.clear();
    },
    committable: () => tracker.committable(),
  };
  return run;
}
