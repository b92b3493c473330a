import { setTimeout as sleep } from 'node:timers/promises';
import type { ConsumeHandler, Generation, Log, LogConsumer, LogPartition, LogRecord } from '@belfry/core/log';
import { isUnavailable } from '@belfry/core/unavailable-error';

/** Watches all members of a group that this process has, over topics whose offsets have no gaps. */
export type Witness = {
  /** How often each value was handed out. */
  readonly handled: ReadonlyMap<string, number>;
  /** What the port forbids and was seen. */
  readonly violations: readonly string[];
  /** Assignments seen, of all members. */
  readonly assignments: number;
  join(log: Log, behaviour?: Partial<Behaviour>): Promise<WitnessedMember>;
};

export type WitnessedMember = {
  readonly consumer: LogConsumer;
  /** The partitions that it has now. */
  readonly partitions: ReadonlyMap<number, Generation>;
  readonly revocations: number;
  close(): Promise<void>;
};

export type Behaviour = {
  /** Commits each batch at once. Default true. */
  readonly commits: boolean;
  readonly onAssigned: (partition: LogPartition, consumer: LogConsumer | undefined) => void;
  readonly onBatch: (records: readonly LogRecord[]) => void;
};

/**
 * Within a generation offsets must be dense: nothing twice, nothing left out. A new generation may begin lower than the last one ended, never beyond. No
 * call after close, none without an assignment.
 */
export function createWitness(group: string, logTopic: string): Witness {
  const handled = new Map<string, number>();
  const violations: string[] = [];
  /** By partition: one past the highest offset that any member was given. */
  const reached = new Map<number, bigint>();
  let assignments = 0;

  return {
    handled,
    violations,
    get assignments() {
      return assignments;
    },
    async join(log, behaviour = {}) {
      const partitions = new Map<number, Generation>();
      const next = new Map<number, bigint>();
      let isClosed = false;
      let revocations = 0;
      const check = (isRight: boolean, what: string) => {
        if (!isRight) violations.push(what);
      };
      /** A commit that could not be made is repeated, as long as it is still the one to make. */
      const commit = async (partition: number, generation: Generation, offset: bigint) => {
        while (!isClosed && partitions.get(partition) === generation && next.get(partition) === offset) {
          try {
            if (consumer !== undefined) return await consumer.commit({ logTopic, partition }, generation, offset);
          } catch (error) {
            if (!isUnavailable(error)) violations.push(`commit failed: ${String(error)}`);
          }
          await sleep(100);
        }
      };
      const handler: ConsumeHandler = {
        onAssigned(partition, generation) {
          check(!isClosed && !partitions.has(partition.partition), `assigned ${partition.partition} twice or late`);
          assignments++;
          partitions.set(partition.partition, generation);
          next.delete(partition.partition);
          behaviour.onAssigned?.(partition, consumer);
        },
        onBatch({ partition }, generation, records) {
          check(!isClosed && partitions.get(partition) === generation, `batch of ${partition} without assignment`);
          for (const { offset, value } of records) {
            const expected = next.get(partition);
            if (expected === undefined) {
              const most = reached.get(partition) ?? 0n;
              check(offset <= most, `generation ${generation} of ${partition} begins at ${offset}, beyond ${most}`);
            } else check(offset === expected, `${partition} goes from ${expected} to ${offset} within a generation`);
            next.set(partition, offset + 1n);
            if (offset + 1n > (reached.get(partition) ?? 0n)) reached.set(partition, offset + 1n);
            const text = Buffer.from(value).toString();
            handled.set(text, (handled.get(text) ?? 0) + 1);
          }
          behaviour.onBatch?.(records);
          const last = records.at(-1);
          if (behaviour.commits === false || last === undefined) return;
          void commit(partition, generation, last.offset + 1n);
        },
        onRevoked({ partition }, generation) {
          check(partitions.get(partition) === generation, `revoked ${partition} without assignment`);
          revocations++;
          partitions.delete(partition);
        },
      };
      let consumer: LogConsumer | undefined;
      const joined = await log.consume({ group, logTopics: [logTopic] }, handler);
      consumer = joined;
      return {
        consumer: joined,
        partitions,
        get revocations() {
          return revocations;
        },
        async close() {
          await joined.close();
          isClosed = true;
        },
      };
    },
  };
}

export type SteadyWriter = {
  /** Values whose append resolved. */
  readonly confirmed: ReadonlySet<string>;
  stop(): Promise<void>;
};

/** Appends numbered values under changing keys, one after the other, until it is stopped; what the log could not take is not repeated. */
export function writeSteadily(log: Log, logTopic: string, pauseMs: number): SteadyWriter {
  const confirmed = new Set<string>();
  let isOn = true;
  const writing = (async () => {
    for (let count = 0; isOn; count++) {
      const values = Array.from({ length: 5 }, (_, index) => `${count}-${index}`);
      try {
        await log.append(
          logTopic,
          values.map((value, index) => ({ key: `key-${(count + index) % 40}`, value: Buffer.from(value) })),
        );
        for (const value of values) confirmed.add(value);
      } catch (error) {
        if (!isUnavailable(error)) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  })();
  return {
    confirmed,
    stop() {
      isOn = false;
      return writing;
    },
  };
}

export type Traffic = {
  readonly witness: Witness;
  /** Values that a tail was given. */
  readonly tailed: ReadonlySet<string>;
  readonly writer: SteadyWriter;
};

/** Two members of the group `readers` and a tail of `jobs`, and somebody who writes all the while. */
export async function startTraffic(log: Log): Promise<Traffic> {
  const witness = createWitness('readers', 'jobs');
  const tailed = new Set<string>();
  await log.tail('jobs', (records) => {
    for (const { value } of records) tailed.add(Buffer.from(value).toString());
  });
  await Promise.all([witness.join(log), witness.join(log)]);
  return { witness, tailed, writer: writeSteadily(log, 'jobs', 10) };
}

/** What was confirmed and handed to nobody. */
export function missing(writer: SteadyWriter, witness: Witness): string[] {
  return [...writer.confirmed].filter((value) => !witness.handled.has(value));
}
