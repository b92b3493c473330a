import type { LogRecord } from '@belfry/core/log';
import type { InMemoryPartition } from './in-memory-log.ts';

export type Limits = {
  readonly concurrency: number;
  readonly perPartitionConcurrency: number;
  readonly perHostConcurrency: number;
  readonly lookAhead: number;
};

/** One handler under way. The test decides when and how it ends. */
export type Handling = {
  readonly process: number;
  readonly generation: number;
  readonly record: LogRecord;
  readonly signal: AbortSignal;
  succeed(): void;
  fail(): void;
};

/** Knows what happened to every record, and throws as soon as something happened that the worker promises against. */
export type HandlerOracle = {
  readonly running: Set<Handling>;
  started(handling: Handling): void;
  succeeded(handling: Handling): void;
  failed(handling: Handling): void;
  committed(target: InMemoryPartition, next: bigint): void;
  /** The process died: its handlers never end. */
  crashed(process: number): void;
  /** Records handed to the process in its current generation of the partition, no handler of which has started. */
  unstarted(process: number, target: InMemoryPartition): number;
  isDone(record: LogRecord): boolean;
};

export const hostOf = (record: LogRecord): string | undefined =>
  record.key.startsWith('host') ? record.key.slice(0, 5) : undefined;

export function createHandlerOracle(
  limits: Limits,
  partitionOf: (record: LogRecord) => InMemoryPartition,
): HandlerOracle {
  const running = new Set<Handling>();
  const doneEver = new Set<string>();
  const doneInGeneration = new Set<string>();
  const startedInGeneration = new Set<string>();
  const demand = (holds: boolean, promise: string, record: LogRecord) => {
    if (!holds) throw new Error(`${promise}: broken by ${identify(record)} (key ${record.key})`);
  };

  const count = (matches: (other: Handling) => boolean): number => [...running].filter(matches).length;

  return {
    running,
    started(handling) {
      const { record, process } = handling;
      const target = partitionOf(record);
      const inGeneration = (one: LogRecord) =>
        doneInGeneration.has(`${process}:${handling.generation}:${identify(one)}`);
      const inPartition = (other: Handling) => other.process === process && partitionOf(other.record) === target;

      demand(!inGeneration(record), 'a record that is done does not come again in its generation', record);
      demand(
        count((other) => inPartition(other) && other.generation !== handling.generation) === 0,
        'a new generation waits for the handlers of the old one',
        record,
      );
      demand(
        count((other) => inPartition(other) && other.record.key === record.key) === 0,
        'one handler per key at once',
        record,
      );
      for (const earlier of target.records) {
        if (earlier.offset >= record.offset) break;
        if (earlier.key === record.key)
          demand(doneEver.has(identify(earlier)), 'first handling in offset order per key', record);
      }

      running.add(handling);
      startedInGeneration.add(`${process}:${handling.generation}:${identify(record)}`);
      const host = hostOf(record);
      demand(count((other) => other.process === process) <= limits.concurrency, 'in flight ≤ concurrency', record);
      demand(count(inPartition) <= limits.perPartitionConcurrency, 'in flight ≤ perPartitionConcurrency', record);
      demand(
        host === undefined ||
          count((other) => other.process === process && hostOf(other.record) === host) <= limits.perHostConcurrency,
        'in flight ≤ perKeyConcurrency',
        record,
      );
      const watermark = target.records.find((one) => one.offset >= target.assignedFrom && !inGeneration(one));
      demand(
        watermark === undefined || record.offset - watermark.offset < BigInt(limits.lookAhead),
        'no further than the look-ahead above the watermark',
        record,
      );
    },
    succeeded(handling) {
      running.delete(handling);
      doneEver.add(identify(handling.record));
      doneInGeneration.add(`${handling.process}:${handling.generation}:${identify(handling.record)}`);
    },
    failed(handling) {
      running.delete(handling);
    },
    committed(target, next) {
      for (const record of target.records) {
        if (record.offset >= next) break;
        demand(doneEver.has(identify(record)), `commit of ${next} passes no unfinished record`, record);
      }
    },
    crashed(process) {
      for (const handling of running) if (handling.process === process) running.delete(handling);
    },
    unstarted: (process, target) =>
      target.records.filter(
        (one) =>
          one.offset >= target.assignedFrom &&
          one.offset < target.position &&
          !startedInGeneration.has(`${process}:${target.generation}:${identify(one)}`),
      ).length,
    isDone: (record) => doneEver.has(identify(record)),
  };
}

function identify({ logTopic, partition, offset }: LogRecord): string {
  return `${logTopic}/${partition}@${offset}`;
}
