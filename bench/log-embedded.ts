import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Log, NewLogRecord } from '@belfry/core/log';
import { createEmbeddedLog } from '@belfry/log-embedded';
import { realClock as clock } from '@belfry/testing/real-clock';
import { describeEnvironment } from './environment.ts';
import { quantile, rounded } from './quantile.ts';

/**
 * Appends and reads of the embedded log, as `libs/log-embedded` offers them to a service: through the port, durable, checksums read. Prints one JSON
 * document.
 *
 *   node bench/log-embedded.ts [--seconds 5]
 */
const POSTERS = 64;
const VALUE_BYTES = 300;
const PARTITIONS = 8;
const { values: options } = parseArgs({ options: { seconds: { type: 'string', default: '5' } } });
const SECONDS = Number(options.seconds);

const environment = describeEnvironment();
const value = new Uint8Array(VALUE_BYTES).fill(0x61);
const keys = Array.from({ length: 10_000 }, (_, user) => `tenant/user-${user}`);
const directory = await mkdtemp(join(tmpdir(), 'belfry-bench-'));
const onFatal = (error: Error) => {
  throw error;
};
const log = await createEmbeddedLog({ directory, clock, onFatal });

try {
  const measured = {
    single: await appends(log, 'single', 1),
    batchesOf100: await appends(log, 'batches', 100),
    onePoster: await appends(log, 'one-poster', 1, 1),
    consume: await consume(log, 'batches'),
    pushed: await push(log, 'pushed'),
  };
  const report = {
    what: 'records per second appended to and read from the embedded log, durable when counted',
    ...environment,
    posters: POSTERS,
    valueBytes: VALUE_BYTES,
    ...measured,
    summary: {
      'appends/s, single': measured.single.recordsPerSecond,
      'records/s, batches of 100': measured.batchesOf100.recordsPerSecond,
      'appends/s, one poster': measured.onePoster.recordsPerSecond,
      'reads/s': measured.consume.recordsPerSecond,
      'p99 ms to the consumer at 1000/s': measured.pushed.p99Ms,
    },
  };
  console.log(JSON.stringify(report, null, 2));
} finally {
  await log.close();
  await rm(directory, { recursive: true });
}

async function appends(target: Log, topic: string, batch: number, posters = POSTERS) {
  await target.ensureTopics([{ name: topic, partitions: PARTITIONS, retentionMs: 86_400_000, groups: [] }]);
  const startedMs = clock.monotonicMs();
  const latenciesMs: number[] = [];
  let next = 0;
  const post = async () => {
    while (clock.monotonicMs() - startedMs < SECONDS * 1_000) {
      const records: NewLogRecord[] = [];
      for (let index = 0; index < batch; index++) records.push({ key: keys[next++ % keys.length] ?? '', value });
      const sentMs = clock.monotonicMs();
      await target.append(topic, records);
      latenciesMs.push(clock.monotonicMs() - sentMs);
    }
  };
  await Promise.all(Array.from({ length: posters }, post));
  const seconds = (clock.monotonicMs() - startedMs) / 1_000;
  return { recordsPerSecond: Math.round((latenciesMs.length * batch) / seconds), ...percentiles(latenciesMs) };
}

async function consume(target: Log, topic: string) {
  let records = 0;
  const ended = Promise.withResolvers<void>();
  const total = await count(target, topic);
  const startedMs = clock.monotonicMs();
  const consumer = await target.consume(
    { group: 'reader', logTopics: [topic] },
    {
      onAssigned: () => {},
      onBatch(_partition, _generation, batch) {
        records += batch.length;
        if (records >= total) ended.resolve();
      },
      onRevoked: () => {},
    },
  );
  await ended.promise;
  const seconds = (clock.monotonicMs() - startedMs) / 1_000;
  await consumer.close();
  return { records, recordsPerSecond: Math.round(records / seconds) };
}

/** From the call of append to the record's arrival at a consumer, at about 1,000 appends a second. */
async function push(target: Log, topic: string) {
  await target.ensureTopics([{ name: topic, partitions: PARTITIONS, retentionMs: 86_400_000, groups: [] }]);
  const latenciesMs: number[] = [];
  const consumer = await target.consume(
    { group: 'pushed', logTopics: [topic] },
    {
      onAssigned: () => {},
      onBatch(_partition, _generation, batch) {
        for (const { headers } of batch) latenciesMs.push(clock.monotonicMs() - Number(headers.sentMs));
      },
      onRevoked: () => {},
    },
  );
  const startedMs = clock.monotonicMs();
  const appended: Promise<unknown>[] = [];
  while (appended.length < SECONDS * 1_000) {
    const due = Math.min(clock.monotonicMs() - startedMs, SECONDS * 1_000);
    for (let sent = appended.length; sent < due; sent++) {
      const headers = { sentMs: String(clock.monotonicMs()) };
      appended.push(target.append(topic, [{ key: keys[sent % keys.length] ?? '', value, headers }]));
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(appended);
  while (latenciesMs.length < appended.length) await new Promise((resolve) => setTimeout(resolve, 1));
  await consumer.close();
  return { records: latenciesMs.length, ...percentiles(latenciesMs) };
}

function percentiles(latenciesMs: number[]) {
  return { p50Ms: rounded(quantile(latenciesMs, 0.5)), p99Ms: rounded(quantile(latenciesMs, 0.99)) };
}

async function count(target: Log, topic: string): Promise<number> {
  const settings = { name: topic, partitions: PARTITIONS, retentionMs: 86_400_000, groups: ['reader'] };
  await target.ensureTopics([settings]);
  return (await target.lag('reader')).reduce((sum, { records }) => sum + Number(records), 0);
}
