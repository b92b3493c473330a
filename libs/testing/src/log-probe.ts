import type { ConsumeHandler, Generation, Log, LogConsumer, LogPartition, LogRecord } from '@belfry/core/log';
import { vi } from 'vitest';

/** Waits long enough for a broker that rebalances, on a busy machine. */
export function eventually(check: () => void | Promise<void>): Promise<void> {
  return vi.waitFor(check, { timeout: 30_000, interval: 10 });
}

export type LogProbe = {
  readonly consumer: LogConsumer;
  /** Everything handed out, in the order in which it came. */
  readonly records: LogRecord[];
  /** What was called, as `assigned 0`, `batch 0`, `revoked 0`. */
  readonly calls: readonly string[];
  /** The current generation of each partition that the probe has, by `partitionKey`. */
  readonly generations: ReadonlyMap<string, Generation>;
  values(): string[];
  /** Commits everything that was handed out of the partitions it has now. */
  commitAll(): Promise<void>;
};

export function partitionKey({ logTopic, partition }: LogPartition): string {
  return `${logTopic}/${partition}`;
}

/** A consumer that remembers what it was given. */
export async function startProbe(log: Log, group: string, ...logTopics: readonly string[]): Promise<LogProbe> {
  const records: LogRecord[] = [];
  const calls: string[] = [];
  const generations = new Map<string, Generation>();
  const handler: ConsumeHandler = {
    onAssigned(partition, generation) {
      calls.push(`assigned ${partition.partition}`);
      generations.set(partitionKey(partition), generation);
    },
    onBatch(partition, _, batch) {
      calls.push(`batch ${partition.partition}`);
      records.push(...batch);
    },
    onRevoked(partition) {
      calls.push(`revoked ${partition.partition}`);
      generations.delete(partitionKey(partition));
    },
  };
  const consumer = await log.consume({ group, logTopics }, handler);
  return {
    consumer,
    records,
    calls,
    generations,
    values: () => records.map(valueText),
    async commitAll() {
      const next = new Map(records.map((record) => [partitionKey(record), record]));
      for (const [key, record] of next) {
        const generation = generations.get(key);
        if (generation !== undefined) await consumer.commit(record, generation, record.offset + 1n);
      }
    },
  };
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function valueText(record: LogRecord): string {
  return decoder.decode(record.value);
}

/** Records with the given texts as values, all with the same key and so in one partition. */
export function textRecords(key: string, ...values: readonly string[]) {
  return values.map((value) => ({ key, value: encoder.encode(value) }));
}

/** `count` texts that tell their position. */
export function numbered(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
}
