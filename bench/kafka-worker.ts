import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Log } from '@belfry/core/log';
import { describeEnvironment } from './environment.ts';
import { startKafkaForBench } from './kafka-bench-log.ts';
import type { ReaderOptions } from './kafka-reader.ts';
import { startReaders } from './kafka-readers.ts';
import { median, rounded } from './quantile.ts';

/**
 * Records per second out of Kafka: the worker runtime with a handler that does nothing, its key order and its commits at the low watermark on, beside a
 * bare kafkajs `eachBatch` loop that only counts. Both read the same backlog of one topic, by turns, as 1, 2 and 4 processes. Prints one JSON document.
 *
 * For both kinds the rate is that between 5 % and 95 % of the records: before, members join and compile; after, partitions are drained one by one, and
 * an answer that waits for new records of a drained one holds back the others that are in the same request.
 *
 *   node bench/kafka-worker.ts [--records 1200000] [--rounds 3] [--members 1,2,4]
 */
const { values } = parseArgs({
  options: {
    records: { type: 'string', default: '1200000' },
    rounds: { type: 'string', default: '3' },
    members: { type: 'string', default: '1,2,4' },
  },
});
const RECORDS = Number(values.records);
const ROUNDS = Number(values.rounds);
const MEMBERS = values.members.split(',').map(Number);
const MEASURED_FROM = 0.05;
const MEASURED_TO = 0.95;
const PARTITIONS = 12;
const KEYS = 10_000;
const VALUE_BYTES = 300;
const CONCURRENCY = 512;
const READ_WITHIN_MS = 120_000;

const environment = describeEnvironment();
const { broker, log, stop } = await startKafkaForBench();
try {
  await fill(log, 'backlog');
  const results = [];
  for (const members of MEMBERS) results.push(await compare(members));
  const report = {
    what: 'records per second read by the worker runtime and by a bare eachBatch loop, from a backlog',
    ...environment,
    records: RECORDS,
    measured: [MEASURED_FROM, MEASURED_TO],
    partitions: PARTITIONS,
    keys: KEYS,
    valueBytes: VALUE_BYTES,
    concurrency: CONCURRENCY,
    rounds: ROUNDS,
    results,
    summary: Object.fromEntries(
      results.flatMap(({ members, worker, bare, ratio }) => [
        [`records/s, ${members} worker${members === 1 ? '' : 's'}`, worker.median],
        [`records/s, ${members} bare`, bare.median],
        [`worker / bare, ${members}`, ratio],
      ]),
    ),
  };
  console.log(JSON.stringify(report, null, 2));
} finally {
  await stop();
}

async function compare(members: number) {
  const rates = { worker: [] as number[], bare: [] as number[] };
  for (let round = 0; round < ROUNDS; round++) {
    for (const kind of ['bare', 'worker'] as const) rates[kind].push(await read(kind, members, round));
  }
  const of = (kind: 'worker' | 'bare') => ({ median: Math.round(median(rates[kind])), all: rates[kind] });
  return {
    members,
    worker: of('worker'),
    bare: of('bare'),
    ratio: rounded(median(rates.worker) / median(rates.bare)),
  };
}

async function read(kind: ReaderOptions['kind'], members: number, round: number): Promise<number> {
  const readers = startReaders(members, {
    kind,
    brokers: broker.brokers,
    topic: 'backlog',
    group: `${kind}-${members}-${round}`,
    concurrency: CONCURRENCY,
  });
  try {
    const endMs = performance.now() + READ_WITHIN_MS;
    while (readers.records() < RECORDS) {
      if (performance.now() > endMs) throw new Error(`${kind} read ${readers.records()} of ${RECORDS} in time`);
      await pause(10);
    }
    return Math.round(readers.rateBetween(RECORDS * MEASURED_FROM, RECORDS * MEASURED_TO));
  } finally {
    await readers.stop();
  }
}

async function fill(target: Log, topic: string): Promise<void> {
  await target.ensureTopics([{ name: topic, partitions: PARTITIONS, retentionMs: 86_400_000, groups: [] }]);
  const value = new Uint8Array(VALUE_BYTES).fill(0x61);
  const BATCH = 1_000;
  for (let sent = 0; sent < RECORDS; sent += BATCH) {
    const size = Math.min(BATCH, RECORDS - sent);
    const records = Array.from({ length: size }, (_, index) => ({
      key: `tenant/user-${(sent + index) % KEYS}`,
      value,
    }));
    await target.append(topic, records);
  }
}
