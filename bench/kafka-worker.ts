import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Log } from '@belfry/core/log';
import { RECORD_HEADERS } from '@belfry/protocol/job';
import { describeEnvironment } from './environment.ts';
import { startKafkaForBench } from './kafka-bench-log.ts';
import type { ReaderOptions } from './kafka-reader.ts';
import { startReaders } from './kafka-readers.ts';
import { median, rounded } from './quantile.ts';

/**
 * Records per second out of Kafka: the worker runtime with a handler that does nothing, its key order and its commits at the low watermark on, beside a
 * bare kafkajs `eachBatch` loop that only counts. Both read the same backlog, by turns, as 1, 2 and 4 processes: one backlog as the router's jobs are (two
 * headers), one as deliveries are (none). Prints one JSON document; exits with 1 when a worker as our services have it reaches less than 0.7 of the loop.
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
const PROMISED_RATIO = 0.7;

type Row = { readonly name: string; readonly topic: string; readonly keyBatch: number; readonly isPromised: boolean };
const JOBS = { topic: 'jobs', headers: { [RECORD_HEADERS.tenant]: 'tenant', [RECORD_HEADERS.version]: '1' } };
const DELIVERIES = { topic: 'deliveries', headers: {} };
const ROWS: readonly Row[] = [
  { name: 'router', topic: JOBS.topic, keyBatch: 64, isPromised: true },
  { name: 'push worker', topic: DELIVERIES.topic, keyBatch: 1, isPromised: true },
  // Nobody runs these two: what headers and what single records cost.
  { name: 'one at a time, with headers', topic: JOBS.topic, keyBatch: 1, isPromised: false },
  { name: '64 at a time, without headers', topic: DELIVERIES.topic, keyBatch: 64, isPromised: false },
];

const environment = describeEnvironment();
const { broker, log, stop } = await startKafkaForBench();
try {
  for (const { topic, headers } of [JOBS, DELIVERIES]) await fill(log, topic, headers);
  const results = [];
  for (const members of MEMBERS) results.push(...(await compare(members)));
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
      results.flatMap(({ name, topic, members, worker, bare, ratio }) => [
        [`records/s, ${members} × bare, ${topic}`, bare.median],
        [`records/s, ${members} × ${name}`, worker.median],
        [`${members} × ${name} / bare`, ratio],
      ]),
    ),
    broken: results
      .filter(({ isPromised, ratio }) => isPromised && ratio < PROMISED_RATIO)
      .map(({ name, members, ratio }) => `${members} × ${name} reads ${ratio} of a bare loop, not ${PROMISED_RATIO}`),
  };
  console.log(JSON.stringify(report, null, 2));
  if (report.broken.length > 0) process.exitCode = 1;
} finally {
  await stop();
}

async function compare(members: number) {
  const bare = new Map<string, number[]>();
  const workers = new Map<Row, number[]>();
  const note = <Key>(rates: Map<Key, number[]>, key: Key, rate: number) => {
    rates.set(key, [...(rates.get(key) ?? []), rate]);
  };
  for (let round = 0; round < ROUNDS; round++) {
    for (const { topic } of [JOBS, DELIVERIES]) {
      note(bare, topic, await read({ kind: 'bare', topic, group: `bare-${members}-${round}` }, members));
      for (const row of ROWS.filter((each) => each.topic === topic)) {
        const group = `${row.keyBatch}-${members}-${round}`;
        note(workers, row, await read({ kind: 'worker', topic, group, keyBatch: row.keyBatch }, members));
      }
    }
  }
  const of = (rates: readonly number[] = []) => ({ median: Math.round(median(rates)), all: rates });
  return ROWS.map((row) => {
    const worker = of(workers.get(row));
    const loop = of(bare.get(row.topic));
    return { ...row, members, worker, bare: loop, ratio: rounded(worker.median / loop.median) };
  });
}

type Reading = Pick<ReaderOptions, 'kind' | 'topic' | 'group' | 'keyBatch'>;

async function read(reading: Reading, members: number): Promise<number> {
  const readers = startReaders(members, { ...reading, brokers: broker.brokers, concurrency: CONCURRENCY });
  try {
    const endMs = performance.now() + READ_WITHIN_MS;
    while (readers.records() < RECORDS) {
      if (performance.now() > endMs) throw new Error(`${reading.kind} read ${readers.records()} of ${RECORDS} in time`);
      await pause(10);
    }
    return Math.round(readers.rateBetween(RECORDS * MEASURED_FROM, RECORDS * MEASURED_TO));
  } finally {
    await readers.stop();
  }
}

async function fill(target: Log, topic: string, headers: Readonly<Record<string, string>>): Promise<void> {
  await target.ensureTopics([{ name: topic, partitions: PARTITIONS, retentionMs: 86_400_000, groups: [] }]);
  const value = new Uint8Array(VALUE_BYTES).fill(0x61);
  const BATCH = 1_000;
  for (let sent = 0; sent < RECORDS; sent += BATCH) {
    const size = Math.min(BATCH, RECORDS - sent);
    const records = Array.from({ length: size }, (_, index) => ({
      key: `tenant/user-${(sent + index) % KEYS}`,
      value,
      headers,
    }));
    await target.append(topic, records);
  }
}
