import { randomUUID } from 'node:crypto';
import { sleep } from '@belfry/core/clock';
import type { Log } from '@belfry/core/log';
import { isUnavailable } from '@belfry/core/unavailable-error';
import { realClock } from '@belfry/testing/real-clock';

export type AppendLoad = {
  readonly confirmed: number;
  /** Lets the writers finish what they are at. */
  stop(): Promise<void>;
  /** Reads the topic through `reader` from its start to its end and compares. */
  check(reader: Log): Promise<AppendFigures>;
};

export type AppendFigures = {
  readonly confirmed: number;
  /** Not confirmed in time; each may be stored all the same. */
  readonly rejected: number;
  readonly stored: number;
  /** Confirmed and not stored. Must be 0. */
  readonly lost: number;
  /** Confirmed at a position where another record is. Must be 0. */
  readonly misplaced: number;
  /** Confirmed before an earlier one of the same key. Must be 0. */
  readonly disordered: number;
  /** Stored beyond the first time. */
  readonly duplicates: number;
};

export type AppendLoadOptions = { readonly writers: number; readonly valueBytes?: number };

const MIN_VALUE_BYTES = 12;
const READ_WITHIN_MS = 120_000;
const LOOK_EVERY_MS = 200;

/** Writers that append one record after the other, each under its own key. What was confirmed is kept in a few bytes a record. */
export function startAppendLoad(log: Log, logTopic: string, options: AppendLoadOptions): AppendLoad {
  const valueBytes = Math.max(MIN_VALUE_BYTES, options.valueBytes ?? 0);
  /** By id: where it was confirmed, -1 where it was not. */
  const partitions: number[] = [];
  const offsets: number[] = [];
  let confirmed = 0;
  let disordered = 0;
  let rejected = 0;
  let isStopping = false;

  async function write(writer: number): Promise<void> {
    let before = -1n;
    while (!isStopping) {
      const id = partitions.push(-1) - 1;
      offsets.push(-1);
      const value = Buffer.alloc(valueBytes, ' ');
      value.write(String(id));
      try {
        const [position] = await log.append(logTopic, [{ key: `key-${writer}`, value }]);
        if (position === undefined) throw new Error('an append resolved without a position');
        partitions[id] = position.partition;
        offsets[id] = Number(position.offset);
        confirmed++;
        if (position.offset <= before) disordered++;
        before = position.offset;
      } catch (error) {
        if (!isUnavailable(error)) throw error;
        rejected++;
      }
    }
  }
  const running = Array.from({ length: options.writers }, (_, writer) => write(writer));
  // Told by `stop`.
  for (const each of running) each.catch(() => {});

  return {
    get confirmed() {
      return confirmed;
    },
    async stop() {
      isStopping = true;
      await Promise.all(running);
    },
    async check(reader) {
      const copies = new Uint16Array(partitions.length);
      const rightly = new Uint8Array(partitions.length);
      const stored = await readAll(reader, logTopic, (id, partition, offset) => {
        copies[id] = (copies[id] ?? 0) + 1;
        if (partitions[id] === partition && offsets[id] === Number(offset)) rightly[id] = 1;
      });
      let lost = 0;
      let misplaced = 0;
      let duplicates = 0;
      for (const [id, count] of copies.entries()) {
        duplicates += Math.max(0, count - 1);
        if (partitions[id] === -1) continue;
        if (count === 0) lost++;
        else if (rightly[id] === 0) misplaced++;
      }
      return { confirmed, rejected, stored, lost, misplaced, disordered, duplicates };
    },
  };
}

/** Resolves with the number of records when all that are there have been read. */
async function readAll(
  reader: Log,
  logTopic: string,
  onRecord: (id: number, partition: number, offset: bigint) => void,
): Promise<number> {
  const group = randomUUID();
  let read = 0;
  const consumer = await reader.consume(
    { group, logTopics: [logTopic] },
    {
      onAssigned: () => {},
      onBatch({ partition }, _, records) {
        for (const { offset, value } of records) {
          onRecord(Number(Buffer.from(value).toString('latin1')), partition, offset);
          read++;
        }
      },
      onRevoked: () => {},
    },
  );
  try {
    const endMs = realClock.monotonicMs() + READ_WITHIN_MS;
    for (;;) {
      const total = await countBehind(reader, group);
      if (total !== undefined && read >= total) return total;
      if (realClock.monotonicMs() > endMs) throw new Error(`${read} of ${total} records were read in time`);
      await sleep(realClock, LOOK_EVERY_MS);
    }
  } finally {
    await consumer.close();
  }
}

/** Nothing is committed, so all there is is behind. Undefined while the broker, started a moment ago, cannot tell. */
async function countBehind(reader: Log, group: string): Promise<number | undefined> {
  try {
    return (await reader.lag(group)).reduce((sum, { records }) => sum + Number(records), 0);
  } catch (error) {
    if (isUnavailable(error)) return undefined;
    throw error;
  }
}
