import type {
  ConsumeHandler,
  Generation,
  Log,
  LogConsumer,
  LogPartition,
  LogRecord,
  NewLogRecord,
} from '@belfry/core/log';
import { partitionOf } from '@belfry/core/partitioner';

/**
 * A log whose every move a test makes: who owns which partition, when records are handed out, whether commits work. One group. It forgets nothing but
 * what a crashed member held, so what a worker loses is the worker's fault.
 */
export type InMemoryLog = {
  readonly port: Log;
  readonly partitions: readonly InMemoryPartition[];
  readonly members: readonly Member[];
  partition(logTopic: string, partition: number): InMemoryPartition;
  /** Appends to a partition of the test's choice, leaving `gap` offsets unused before it, with a value of so many bytes. */
  appendTo(target: InMemoryPartition, key: string, gap?: number, valueBytes?: number): LogRecord;
  /** Gives the partition to the member, or to nobody; its owner is told first. */
  move(target: InMemoryPartition, to: Member | undefined): void;
  /** Hands out up to `max` records. Returns how many. A paused partition gets none. */
  deliver(target: InMemoryPartition, max: number): number;
  /** Hands out everything that is not paused, in batches of `batch`, until nothing moves. */
  deliverAll(batch?: number): void;
  /** The member's process is gone: nothing it does from here on has an effect. */
  crash(member: Member): void;
  /** What consumers tell of having joined; a test may put a promise of its own here. */
  joined: Promise<void>;
  /** While set, commits reject with it. */
  commitError: Error | undefined;
  /** Called with each commit that takes effect. */
  onCommit: (target: InMemoryPartition, next: bigint) => void;
};

export type InMemoryPartition = LogPartition & {
  readonly records: LogRecord[];
  committed: bigint;
  owner: Member | undefined;
  generation: Generation;
  /** Where the owner's generation began. */
  assignedFrom: bigint;
  /** The first offset that the owner has not been handed yet. */
  position: bigint;
  paused: boolean;
};

export type Member = { readonly handler: ConsumeHandler; alive: boolean };

export function createInMemoryLog(topics: Readonly<Record<string, number>>): InMemoryLog {
  const partitions = Object.entries(topics).flatMap(([logTopic, count]) =>
    Array.from(
      { length: count },
      (_, partition): InMemoryPartition => ({
        logTopic,
        partition,
        records: [],
        committed: 0n,
        owner: undefined,
        generation: 0,
        assignedFrom: 0n,
        position: 0n,
        paused: false,
      }),
    ),
  );
  const members: Member[] = [];
  const unsupported = () => Promise.reject(new Error('not part of this fake'));

  const partition = (logTopic: string, number: number): InMemoryPartition => {
    const found = partitions.find((one) => one.logTopic === logTopic && one.partition === number);
    if (found === undefined) throw new Error(`no partition ${logTopic}/${number}`);
    return found;
  };

  const appendRecord = (target: InMemoryPartition, record: NewLogRecord, gap: number): LogRecord => {
    const appended: LogRecord = {
      logTopic: target.logTopic,
      partition: target.partition,
      offset: (target.records.at(-1)?.offset ?? -1n) + 1n + BigInt(gap),
      key: record.key,
      value: record.value,
      headers: record.headers ?? {},
      appendedAtMs: 0,
    };
    target.records.push(appended);
    return appended;
  };

  const disown = (target: InMemoryPartition) => {
    const owner = target.owner;
    target.owner = undefined;
    if (owner?.alive) owner.handler.onRevoked(target, target.generation);
  };

  const consumerOf = (member: Member): LogConsumer => {
    const owned = ({ logTopic, partition: number }: LogPartition) => {
      const target = partition(logTopic, number);
      return member.alive && target.owner === member ? target : undefined;
    };
    const setPaused = (which: LogPartition, paused: boolean) => {
      const target = owned(which);
      if (target !== undefined) target.paused = paused;
    };
    return {
      joined: log.joined,
      pause: (which) => setPaused(which, true),
      resume: (which) => setPaused(which, false),
      async commit(which, generation, next) {
        if (log.commitError !== undefined) throw log.commitError;
        const target = owned(which);
        if (target === undefined || target.generation !== generation) return;
        if (next < target.committed) throw new Error(`commit went back from ${target.committed} to ${next}`);
        target.committed = next;
        log.onCommit(target, next);
      },
      async close() {
        if (!member.alive) return;
        for (const target of partitions) if (target.owner === member) disown(target);
        member.alive = false;
      },
    };
  };

  const log: InMemoryLog = {
    partitions,
    members,
    partition,
    joined: Promise.resolve(),
    commitError: undefined,
    onCommit: () => {},
    appendTo: (target, key, gap = 0, valueBytes = 0) =>
      appendRecord(target, { key, value: new Uint8Array(valueBytes) }, gap),
    move(target, to) {
      if (target.owner !== undefined) disown(target);
      if (to === undefined) return;
      target.owner = to;
      target.generation++;
      target.assignedFrom = target.committed;
      target.position = target.committed;
      target.paused = false;
      to.handler.onAssigned(target, target.generation);
    },
    deliver(target, max) {
      const { owner } = target;
      if (owner === undefined || target.paused) return 0;
      const from = target.records.findIndex((record) => record.offset >= target.position);
      if (from === -1) return 0;
      const batch = target.records.slice(from, from + max);
      target.position = (batch.at(-1)?.offset ?? target.position) + 1n;
      owner.handler.onBatch(target, target.generation, batch);
      return batch.length;
    },
    deliverAll(batch = 50) {
      while (partitions.some((target) => log.deliver(target, batch) > 0));
    },
    crash(member) {
      member.alive = false;
      for (const target of partitions) if (target.owner === member) target.owner = undefined;
    },
    port: {
      async append(logTopic, records) {
        const count = topics[logTopic] ?? 0;
        return records.map((record) => {
          const appended = appendRecord(partition(logTopic, partitionOf(record.key, count)), record, 0);
          return { partition: appended.partition, offset: appended.offset };
        });
      },
      async consume(_options, handler) {
        const member: Member = { handler, alive: true };
        members.push(member);
        return consumerOf(member);
      },
      tail: unsupported,
      lag: unsupported,
      ensureTopics: unsupported,
      close: async () => {},
    },
  };
  return log;
}
