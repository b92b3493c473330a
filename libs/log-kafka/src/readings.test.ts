import { createFakeClock } from '@belfry/testing/fake-clock';
import type { Batch } from 'kafkajs';
import { beforeEach, expect, it } from 'vitest';
import { silentLogger } from './kafka-log.fixture.ts';
import { createReadings, type PartitionReader, type Readings, type TopicPartition } from './readings.ts';

const zero = { topic: 'jobs', partition: 0 };
const one = { topic: 'jobs', partition: 1 };

let clock: ReturnType<typeof createFakeClock>;
let calls: string[];
let readings: Readings;
let starts: () => Promise<readonly bigint[]>;
let isThere: boolean;
let onAssigned: (partition: TopicPartition) => void;
let onRecords: () => void;

beforeEach(() => {
  clock = createFakeClock();
  calls = [];
  starts = async () => [10n, 20n];
  isThere = true;
  onAssigned = () => {};
  onRecords = () => {};
  const note = (what: string, { partition }: TopicPartition, rest: bigint | string = '') =>
    calls.push(`${what} ${partition} ${rest}`.trim());
  const reader: PartitionReader = {
    findStarts: () => starts(),
    hasOffset: async () => isThere,
    assigned(partition, start) {
      note('assigned', partition, start);
      onAssigned(partition);
    },
    records(partition, messages, next) {
      note('records', partition, `${messages.length} next ${next}`);
      onRecords();
    },
    revoked: (partition) => note('revoked', partition),
  };
  readings = createReadings({
    clock,
    logger: silentLogger,
    reader,
    control: {
      seek: (partition, offset) => note('seek', partition, offset),
      pause: (partition) => note('pause', partition),
      resume: (partition) => note('resume', partition),
    },
  });
});

function deliver({ topic, partition }: TopicPartition, fetchedOffset: number, count: number, value?: Buffer): void {
  const last = fetchedOffset + count - 1;
  const messages = Array.from({ length: count }, (_, index) => ({ offset: `${fetchedOffset + index}`, value }));
  const batch = { topic, partition, fetchedOffset: `${fetchedOffset}`, messages, lastOffset: () => `${last}` };
  readings.batch({ batch: batch as unknown as Batch, resolveOffset: (offset) => calls.push(`resolved ${offset}`) });
}

function taken(): string[] {
  return calls.splice(0);
}

it('lets nothing be fetched until it is known where to begin, then assigns and resumes', async () => {
  readings.joined([zero, one]);
  deliver(zero, 0, 3);
  expect(taken()).toEqual(['pause 0', 'pause 1']);
  await clock.settle();
  expect(taken()).toEqual(['seek 0 10', 'assigned 0 10', 'resume 0', 'seek 1 20', 'assigned 1 20', 'resume 1']);
  deliver(zero, 10, 3);
  expect(taken()).toEqual(['resolved 12', 'records 0 3 next 13']);
});

it('asks again while the question fails', async () => {
  starts = () => Promise.reject(new Error('no broker'));
  readings.joined([zero]);
  await clock.advance(700);
  starts = async () => [5n];
  await clock.advance(1_000);
  expect(taken()).toEqual(['pause 0', 'seek 0 5', 'assigned 0 5', 'resume 0']);
  expect(clock.pending).toBe(0);
});

it('forgets an answer that comes after the next rebalance', async () => {
  const late = Promise.withResolvers<readonly bigint[]>();
  starts = () => late.promise;
  readings.joined([zero]);
  starts = async () => [7n];
  readings.joined([one]);
  await clock.settle();
  late.resolve([1n]);
  await clock.settle();
  expect(taken()).toEqual(['pause 0', 'pause 1', 'seek 1 7', 'assigned 1 7', 'resume 1']);
});

it('revokes what it had when the group gives it again, and what never was assigned not at all', async () => {
  readings.joined([zero]);
  await clock.settle();
  taken();
  readings.joined([zero, one]);
  readings.clear();
  expect(taken()).toEqual(['revoked 0', 'pause 0', 'pause 1']);
});

it('holds what comes for a partition that the reader paused when it was assigned', async () => {
  onAssigned = readings.pause.bind(undefined);
  readings.joined([zero]);
  await clock.settle();
  expect(taken()).toEqual(['pause 0', 'seek 0 10', 'assigned 0 10', 'resume 0']);
  deliver(zero, 10, 2);
  deliver(zero, 12, 1);
  expect(taken()).toEqual(['resolved 11', 'resolved 12']);
  readings.resume(zero);
  expect(taken()).toEqual([]);
  await clock.settle();
  expect(taken()).toEqual(['records 0 2 next 12', 'records 0 1 next 13']);
  deliver(zero, 13, 1);
  expect(taken()).toEqual(['resolved 13', 'records 0 1 next 14']);
});

it('hands over what it holds only for as long as the reader takes it', async () => {
  readings.joined([zero]);
  await clock.settle();
  readings.pause(zero);
  for (const offset of [10, 11, 12]) deliver(zero, offset, 1);
  taken();
  onRecords = () => readings.pause(zero);
  readings.resume(zero);
  await clock.settle();
  expect(taken()).toEqual(['records 0 1 next 11']);
  onRecords = () => {};
  // What comes now stands behind what is held.
  readings.resume(zero);
  deliver(zero, 13, 1);
  await clock.settle();
  expect(taken()).toEqual(['resolved 13', 'records 0 1 next 12', 'records 0 1 next 13', 'records 0 1 next 14']);
});

it('has the client stop when enough is held, and go on when it is handed over', async () => {
  readings.joined([zero]);
  await clock.settle();
  readings.pause(zero);
  taken();
  const mebibyte = Buffer.alloc(1_048_576);
  deliver(zero, 10, 1, mebibyte);
  expect(taken().filter((call) => call.startsWith('pause'))).toEqual(['pause 0']);
  readings.resume(zero);
  await clock.settle();
  expect(taken().at(-1)).toBe('resume 0');
});

it('forgets what it holds when the partition goes', async () => {
  readings.joined([zero]);
  await clock.settle();
  readings.pause(zero);
  deliver(zero, 10, 1);
  readings.resume(zero);
  readings.joined([one]);
  taken();
  await clock.settle();
  expect(taken().filter((call) => call.startsWith('records'))).toEqual([]);
});

it('leaves what was fetched elsewhere, and tells the client where it stands', async () => {
  readings.joined([zero]);
  await clock.settle();
  taken();
  deliver(zero, 50, 3);
  deliver(zero, 10, 1);
  expect(taken()).toEqual(['seek 0 10', 'resolved 10', 'records 0 1 next 11']);
});

it('asks whether its offset is still there when seeking does not help, and goes on if it is', async () => {
  readings.joined([zero]);
  await clock.settle();
  taken();
  deliver(zero, 50, 3);
  deliver(zero, 50, 3);
  deliver(zero, 50, 3);
  await clock.settle();
  expect(taken()).toEqual(['seek 0 10', 'pause 0', 'seek 0 10', 'resume 0']);
});

it('begins anew, as another assignment, when its offset is gone', async () => {
  readings.joined([zero]);
  await clock.settle();
  taken();
  isThere = false;
  starts = async () => [30n];
  deliver(zero, 50, 3);
  deliver(zero, 50, 3);
  await clock.settle();
  expect(taken()).toEqual(['seek 0 10', 'pause 0', 'revoked 0', 'seek 0 30', 'assigned 0 30', 'resume 0']);
});

it('revokes a partition also while it asks about its offset', async () => {
  readings.joined([zero]);
  await clock.settle();
  deliver(zero, 50, 3);
  deliver(zero, 50, 3);
  taken();
  readings.clear();
  await clock.settle();
  expect(taken()).toEqual(['revoked 0']);
});
