import { type Clock, sleep } from '@belfry/core/clock';
import type { EachBatchPayload, KafkaMessage } from 'kafkajs';
import { describeFailure } from './failure.ts';
import { createFetchPosition, type FetchPosition } from './fetch-position.ts';
import { createHeldBatches, type HeldBatches } from './held-batches.ts';
import type { KafkaLogger } from './kafka-logger.ts';
import { pauseAfterMs } from './restart-policy.ts';

/** A partition as the broker names it. */
export type TopicPartition = { readonly topic: string; readonly partition: number };

/** Who reads. Called from the client's loop: must return at once. */
export type PartitionReader = {
  /** Where reading of these partitions begins, in their order. Asked after every rebalance, and again while it rejects. */
  findStarts(partitions: readonly TopicPartition[]): Promise<readonly bigint[]>;
  /** Whether the partition still has this offset, or is about to. */
  hasOffset(partition: TopicPartition, offset: bigint): Promise<boolean>;
  assigned(partition: TopicPartition, start: bigint): void;
  /** `next` is where reading goes on after these. */
  records(partition: TopicPartition, messages: readonly KafkaMessage[], next: bigint): void;
  revoked(partition: TopicPartition): void;
};

/** The client's consumer, as far as readings steer it. */
export type FetchControl = {
  seek(partition: TopicPartition, offset: bigint): void;
  pause(partition: TopicPartition): void;
  resume(partition: TopicPartition): void;
};

export type ReadingsOptions = {
  readonly clock: Clock;
  readonly logger: KafkaLogger;
  readonly control: FetchControl;
  readonly reader: PartitionReader;
};

/** The partitions that a member has now, and how far each is read. */
export type Readings = {
  /** The group gave us these and no others; whatever we had is revoked, also what is among them. */
  joined(partitions: readonly TopicPartition[]): void;
  batch(payload: Pick<EachBatchPayload, 'batch' | 'resolveOffset'>): void;
  /** The client passed over a batch in which nothing is for us. */
  passedOver(partition: TopicPartition, first: string | null, last: string): void;
  pause(partition: TopicPartition): void;
  resume(partition: TopicPartition): void;
  /** Revokes everything. */
  clear(): void;
};

type Reading = TopicPartition & {
  /** Undefined while we do not know where to read: nothing is fetched then. */
  position: FetchPosition | undefined;
  /** The reader was told of it, and must be told of its end. */
  assigned: boolean;
  /** The reader wants no more of it for now. */
  paused: boolean;
  /** The client was told to fetch no more of it. */
  stopped: boolean;
  readonly held: HeldBatches;
};

/**
 * Bytes of records that are fetched ahead of each paused partition. The client throws away what a request brings for a partition that was paused
 * meanwhile: with nothing in hand everything would be fetched twice, and every pause would cost a round trip.
 */
const AHEAD_BYTES = 1_048_576;

export function createReadings({ clock, logger, control, reader }: ReadingsOptions): Readings {
  const readings = new Map<string, Reading>();
  const isCurrent = (reading: Reading) => readings.get(nameOf(reading)) === reading;

  const stop = (reading: Reading) => {
    if (reading.stopped) return;
    reading.stopped = true;
    control.pause(reading);
  };

  /** Fetches on, unless enough is in hand or we do not know where. */
  const go = (reading: Reading) => {
    if (!reading.stopped || reading.position === undefined || reading.held.bytes >= AHEAD_BYTES) return;
    reading.stopped = false;
    control.resume(reading);
  };

  /** Hands over what is held, for as long as the reader takes it. Not from within `resume`: a reader may resume in the middle of its own work. */
  const release = (reading: Reading) => {
    while (isCurrent(reading) && !reading.paused) {
      const batch = reading.held.take();
      if (batch === undefined) break;
      reader.records(reading, batch.messages, batch.next);
    }
    if (isCurrent(reading)) go(reading);
  };

  const begin = async (started: readonly Reading[]) => {
    for (let failures = 1; ; failures++) {
      const current = started.filter(isCurrent);
      if (current.length === 0) return;
      try {
        const starts = await reader.findStarts(current);
        for (const [index, reading] of current.entries()) open(reading, starts[index]);
        return;
      } catch (error) {
        logger.warn({ error: describeFailure(error) }, 'cannot find out where to begin reading; trying again');
        await sleep(clock, pauseAfterMs(failures, undefined));
      }
    }
  };

  const open = (reading: Reading, start: bigint | undefined) => {
    if (!isCurrent(reading)) return;
    if (start === undefined) throw new Error(`no start was found for ${nameOf(reading)}`);
    reading.position = createFetchPosition(start);
    control.seek(reading, start);
    reading.assigned = true;
    reader.assigned(reading, start);
    go(reading);
  };

  /** The client reads elsewhere than we told it to: either it has not heard, or the offset is gone and it began anew. */
  const check = async (reading: Reading, offset: bigint) => {
    reading.position = undefined;
    stop(reading);
    let isThere = true;
    try {
      isThere = await reader.hasOffset(reading, offset);
    } catch (error) {
      logger.warn({ error: describeFailure(error) }, `cannot check the offset of ${nameOf(reading)}`);
    }
    if (!isCurrent(reading)) return;
    if (isThere) {
      reading.position = createFetchPosition(offset, true);
      control.seek(reading, offset);
      go(reading);
      return;
    }
    const facts = { partition: nameOf(reading), offset: String(offset) };
    logger.error(facts, 'the offset to read next is gone, removed or lost; reading anew from the first that is there');
    reading.assigned = false;
    reading.paused = false;
    reading.held.clear();
    reader.revoked(reading);
    await begin([reading]);
  };

  const clear = () => {
    const lost = [...readings.values()];
    readings.clear();
    for (const reading of lost) if (reading.assigned) reader.revoked(reading);
  };

  return {
    joined(partitions) {
      clear();
      const started = partitions.map(({ topic, partition }) => createReading(topic, partition));
      for (const reading of started) {
        readings.set(nameOf(reading), reading);
        stop(reading);
      }
      void begin(started);
    },
    batch({ batch, resolveOffset }) {
      const reading = readings.get(nameOf(batch));
      const last = batch.messages.at(-1);
      // Left alone, a batch is fetched again once it is known where to read.
      if (reading?.position === undefined || last === undefined) return;
      const { position } = reading;
      const verdict = position.judge(fetchedAt(batch));
      if (verdict === 'seek') return control.seek(reading, position.next);
      if (verdict === 'check') return void check(reading, position.next);
      resolveOffset(last.offset);
      position.taken(BigInt(batch.lastOffset()));
      const { messages } = batch;
      if (!reading.paused && reading.held.isEmpty) return reader.records(reading, messages, position.next);
      reading.held.add(messages, position.next);
      if (reading.held.bytes >= AHEAD_BYTES) stop(reading);
    },
    passedOver(partition, first, last) {
      readings.get(nameOf(partition))?.position?.passedOver(first === null ? null : BigInt(first), BigInt(last));
    },
    pause(partition) {
      const reading = readings.get(nameOf(partition));
      if (reading !== undefined) reading.paused = true;
    },
    resume(partition) {
      const reading = readings.get(nameOf(partition));
      if (reading === undefined) return;
      reading.paused = false;
      queueMicrotask(() => release(reading));
    },
    clear,
  };
}

function createReading(topic: string, partition: number): Reading {
  const held = createHeldBatches();
  return { topic, partition, position: undefined, assigned: false, paused: false, stopped: false, held };
}

export function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}

/** The offset that was asked for. The client keeps it in its batches, but leaves it out of their type. */
function fetchedAt(batch: object): bigint {
  if ('fetchedOffset' in batch && typeof batch.fetchedOffset === 'string') return BigInt(batch.fetchedOffset);
  throw new Error('this release of kafkajs does not say at which offset a batch was fetched');
}
