import type { LogRecord } from '@belfry/core/log';
import type { InMemoryPartition } from './in-memory-log.ts';

export type Limits = {
  readonly concurrency: number;
  readonly perPartitionConcurrency: number;
  readonly perHostConcurrency: number;
  readonly lookAhead: number;
  readonly keyBatch: number;
};

/** One handler under way. The test decides when and how it ends. */
export type Handling = {
  readonly process: number;
  readonly generation: number;
  readonly records: readonly [LogRecord, ...LogRecord[]];
  readonly crowded: boolean;
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
  /** What the process has done until now, for `told`. */
  toTell(process: number): readonly LogRecord[];
  /** The preparation of a commit, which these records were waiting for, is over. */
  told(records: readonly LogRecord[]): void;
  committed(target: InMemoryPartition, next: bigint): void;
  /** The process died: its handlers never end. */
  crashed(process: number): void;
  /** Records handed to the process in its current generation of the partition that are not done. */
  waiting(process: number, target: InMemoryPartition): Waiting;
  isDone(record: LogRecord): boolean;
};

export type Waiting = {
  /** No handler of these has started. */
  readonly unstarted: number;
  /** Those of them, hosts left out, that only wait for a slot or for the look-ahead: no earlier record of their key is unfinished within it. */
  readonly startable: number;
  /** All that do not run and do not wait for an earlier record of their key, whatever else they wait for. */
  readonly idle: number;
};

/** Records of the key `moves` go to two hosts by turns. */
export const hostOf = ({ key, offset }: LogRecord): string | undefined => {
  if (key === 'moves') return `host${1n + ((offset / 2n) % 2n)}`;
  return key.startsWith('host') ? key.slice(0, 5) : undefined;
};

export function createHandlerOracle(
  limits: Limits,
  partitionOf: (record: LogRecord) => InMemoryPartition,
): HandlerOracle {
  const running = new Set<Handling>();
  const doneEver = new Set<string>();
  const doneInGeneration = new Set<string>();
  const startedInGeneration = new Set<string>();
  const failedInGeneration = new Set<string>();
  const untold = new Map<number, LogRecord[]>();
  const toldEver = new Set<string>();
  const demand = (holds: boolean, promise: string, record: LogRecord) => {
    if (!holds) throw new Error(`${promise}: broken by ${identify(record)} (key ${record.key})`);
  };

  const inGeneration = ({ process, generation }: Pick<Handling, 'process' | 'generation'>, record: LogRecord) =>
    `${process}:${generation}:${identify(record)}`;

  const count = (matches: (other: Handling) => boolean): number => [...running].filter(matches).length;

  return {
    running,
    started(handling) {
      const { records, process } = handling;
      const [record] = records;
      const last = records.at(-1) ?? record;
      const target = partitionOf(record);
      const isDoneHere = (one: LogRecord) => doneInGeneration.has(inGeneration(handling, one));
      const inPartition = (other: Handling) => other.process === process && partitionOf(other.records[0]) === target;

      const host = hostOf(record);
      const sameKey = target.records.filter(({ key }) => key === record.key);
      const run = sameKey.filter(({ offset }) => offset >= record.offset && offset <= last.offset);
      demand(records.length <= limits.keyBatch, 'records per handler ≤ keyBatch', record);
      demand(
        run.length === records.length && run.every((one, index) => one === records[index]),
        'a handler has records of one key of one partition in offset order, and none is left out',
        record,
      );
      for (const one of records) {
        demand(!isDoneHere(one), 'a record that is done does not come again in its generation', one);
        demand(hostOf(one) === host, 'one host per handler', one);
        demand(
          records.length === 1 || !failedInGeneration.has(inGeneration(handling, one)),
          'what failed is tried again alone',
          one,
        );
      }
      demand(
        count((other) => inPartition(other) && other.generation !== handling.generation) === 0,
        'a new generation waits for the handlers of the old one',
        record,
      );
      demand(
        count((other) => inPartition(other) && other.records[0].key === record.key) === 0,
        'one handler per key at once',
        record,
      );
      for (const earlier of sameKey) {
        if (earlier.offset >= record.offset) break;
        demand(doneEver.has(identify(earlier)), 'first handling in offset order per key', record);
      }

      running.add(handling);
      for (const one of records) startedInGeneration.add(inGeneration(handling, one));
      demand(count((other) => other.process === process) <= limits.concurrency, 'in flight ≤ concurrency', record);
      demand(count(inPartition) <= limits.perPartitionConcurrency, 'in flight ≤ perPartitionConcurrency', record);
      const atHost = count((other) => other.process === process && !other.crowded && hostOf(other.records[0]) === host);
      demand(host === undefined || atHost <= limits.perHostConcurrency, 'in flight ≤ perKeyConcurrency', record);
      demand(
        !handling.crowded || (host !== undefined && atHost === limits.perHostConcurrency),
        'crowded only where the limit is reached',
        record,
      );
      const watermark = target.records.find((one) => one.offset >= target.assignedFrom && !isDoneHere(one));
      demand(
        watermark === undefined || last.offset - watermark.offset < BigInt(limits.lookAhead),
        'no further than the look-ahead above the watermark',
        last,
      );
    },
    succeeded(handling) {
      running.delete(handling);
      for (const record of handling.records) {
        doneEver.add(identify(record));
        doneInGeneration.add(inGeneration(handling, record));
      }
      untold.set(handling.process, [...(untold.get(handling.process) ?? []), ...handling.records]);
    },
    failed(handling) {
      running.delete(handling);
      for (const record of handling.records) failedInGeneration.add(inGeneration(handling, record));
    },
    toTell: (process) => untold.get(process) ?? [],
    told(records) {
      for (const record of records) toldEver.add(identify(record));
    },
    committed(target, next) {
      for (const record of target.records) {
        if (record.offset >= next) break;
        demand(doneEver.has(identify(record)), `commit of ${next} passes no unfinished record`, record);
        demand(toldEver.has(identify(record)), `commit of ${next} waits for its preparation`, record);
      }
    },
    crashed(process) {
      for (const handling of running) if (handling.process === process) running.delete(handling);
    },
    waiting(process, target) {
      const here = { process, generation: target.generation };
      const handed = target.records.filter(({ offset }) => offset >= target.assignedFrom && offset < target.position);
      const open = handed.filter((one) => !doneInGeneration.has(inGeneration(here, one)));
      const lookAheadEnd = (open[0]?.offset ?? 0n) + BigInt(limits.lookAhead);
      // Not in an earlier generation: until that has settled, the record waits in this one.
      const isRunning = (one: LogRecord) =>
        count(
          (other) => other.process === process && other.generation === target.generation && other.records.includes(one),
        ) > 0;
      const keys = new Set<string>();
      const waiting = { unstarted: 0, startable: 0, idle: 0 };
      for (const one of open) {
        const isBehind = one.offset < lookAheadEnd && keys.has(one.key);
        keys.add(one.key);
        const isUnstarted = !startedInGeneration.has(inGeneration(here, one));
        if (isUnstarted) waiting.unstarted++;
        if (isUnstarted && !isBehind && hostOf(one) === undefined) waiting.startable++;
        if (!isBehind && !isRunning(one)) waiting.idle++;
      }
      return waiting;
    },
    isDone: (record) => doneEver.has(identify(record)),
  };
}

function identify({ logTopic, partition, offset }: LogRecord): string {
  return `${logTopic}/${partition}@${offset}`;
}
