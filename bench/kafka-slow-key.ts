import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { partitionOf } from '@belfry/core/partitioner';
import { machineMs } from '@belfry/testing/machine-clock';
import { describeEnvironment } from './environment.ts';
import { startKafkaForBench } from './kafka-bench-log.ts';
import { type Readers, startReaders } from './kafka-readers.ts';
import { median, quantile, rounded } from './quantile.ts';

/**
 * What one key whose handler hangs costs the others. Two workers, each a group and a process of its own, read the same topic at the same time; in one of them
 * the handler of one key never returns. Compared is the age of the other keys' records when they are done, from before their append on, and how far the hanging
 * key's partition falls behind: its commits stand still, and reading must go on all the same. The p99 is the median of those of many windows: the two
 * processes do not stall at the same moments. With `--hot` the hanging key gets so many records per second besides. Prints one JSON document; exits with 1 when
 * the others' p99 is more than 10 % higher, or the partition falls back further than the look-ahead.
 *
 *   node bench/kafka-slow-key.ts [--seconds 300] [--rate 300] [--hot 0]
 */
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '300' },
    rate: { type: 'string', default: '300' },
    hot: { type: 'string', default: '0' },
  },
});
const seconds = Number(values.seconds);
const hot = Number(values.hot);
/** Of all keys. */
const rate = Number(values.rate) + hot;
const TOPIC = 'slow-key';
const PARTITIONS = 12;
const KEYS = 1_000;
const VALUE_BYTES = 300;
const CONCURRENCY = 512;
const STUCK_KEY = 'tenant/user-0';
const TICK_MS = 10;
const WARM_UP_SECONDS = 3;
const WINDOW_SECONDS = 5;
const DONE_WITHIN_MS = 30_000;
/** Where a worker stops reading a partition behind its oldest unfinished record. */
const LOOK_AHEAD = 10_000;
const PROMISED_RATIO = 1.1;

const environment = describeEnvironment();
const { broker, log, stop } = await startKafkaForBench();
const value = new Uint8Array(VALUE_BYTES).fill(0x61);
let appended = 0;
let stuck = 0;
let inStuckPartition = 0;
const groups: Readers[] = [];
try {
  await log.ensureTopics([{ name: TOPIC, partitions: PARTITIONS, retentionMs: 86_400_000, groups: [] }]);
  const common = {
    kind: 'worker',
    brokers: broker.brokers,
    topic: TOPIC,
    concurrency: CONCURRENCY,
    ages: true,
  } as const;
  const slow = startReaders(1, { ...common, group: 'with-slow-key', stuckKey: STUCK_KEY });
  const free = startReaders(1, { ...common, group: 'without' });
  groups.push(slow, free);
  await Promise.all(groups.map(({ assigned }) => assigned));

  await appendFor(WARM_UP_SECONDS);
  await allDone(slow, free);
  for (const group of groups) group.takeAgesMs();
  const windows: { readonly slow: readonly number[]; readonly free: readonly number[] }[] = [];
  for (let passed = 0; passed < seconds; passed += WINDOW_SECONDS) {
    await appendFor(WINDOW_SECONDS);
    await allDone(slow, free);
    windows.push({ slow: slow.takeAgesMs(), free: free.takeAgesMs() });
  }

  const behind = await lagOf('with-slow-key');
  const p99 = {
    slow: median(windows.map((window) => quantile(window.slow, 0.99))),
    free: median(windows.map((window) => quantile(window.free, 0.99))),
  };
  const report = {
    what: 'milliseconds from before the append of a record to its being done, while one other key hangs, and while none does',
    ...environment,
    seconds,
    recordsPerSecond: rate,
    ofTheSlowKeyPerSecond: rounded(hot + (rate - hot) / KEYS),
    partitions: PARTITIONS,
    keys: KEYS,
    concurrency: CONCURRENCY,
    windowSeconds: WINDOW_SECONDS,
    withSlowKey: { ...spread(windows.flatMap((window) => window.slow)), medianP99Ms: rounded(p99.slow) },
    without: { ...spread(windows.flatMap((window) => window.free)), medianP99Ms: rounded(p99.free) },
    p99Ratio: rounded(p99.slow / p99.free),
    slowPartition: { appended: inStuckPartition, ofTheSlowKey: stuck, behind, lookAhead: LOOK_AHEAD },
    rssMiB: { withSlowKey: mebibytes(slow.rssBytes()), without: mebibytes(free.rssBytes()) },
    summary: {
      'p99 ms of other keys, one key hangs': rounded(p99.slow),
      'p99 ms, none hangs': rounded(p99.free),
      'p99 / p99': rounded(p99.slow / p99.free),
      "records behind in the hanging key's partition": behind,
      'records of the hanging key': stuck,
      'RSS MiB, one key hangs': mebibytes(slow.rssBytes()),
      'RSS MiB, none hangs': mebibytes(free.rssBytes()),
    },
    broken: [
      ...(p99.slow > p99.free * PROMISED_RATIO ? [`p99 of the others is ${rounded(p99.slow / p99.free)} times`] : []),
      ...(behind > LOOK_AHEAD ? [`the partition is ${behind} records behind`] : []),
    ],
  };
  console.log(JSON.stringify(report, null, 2));
  if (report.broken.length > 0) process.exitCode = 1;
} finally {
  await Promise.all(groups.map((group) => group.stop()));
  await stop();
}

/** One append a tick: the records of a tick together, as a batcher of ours would hand them over. */
async function appendFor(forSeconds: number): Promise<void> {
  const startedMs = machineMs();
  const underWay: Promise<unknown>[] = [];
  for (let sent = 0; sent < rate * forSeconds; ) {
    const due = Math.min(rate * forSeconds, Math.floor(((machineMs() - startedMs) * rate) / 1_000));
    const records = Array.from({ length: due - sent }, () => nextRecord());
    sent = due;
    if (records.length > 0) underWay.push(log.append(TOPIC, records));
    await pause(TICK_MS);
  }
  await Promise.all(underWay);
}

function nextRecord() {
  const key = isHot(appended) ? STUCK_KEY : `tenant/user-${appended % KEYS}`;
  appended += 1;
  if (key === STUCK_KEY) stuck += 1;
  if (partitionOf(key, PARTITIONS) === partitionOf(STUCK_KEY, PARTITIONS)) inStuckPartition += 1;
  return { key, value, headers: { sentMs: `${machineMs()}` } };
}

/** Evenly among the others. */
function isHot(index: number): boolean {
  return Math.floor(((index + 1) * hot) / rate) > Math.floor((index * hot) / rate);
}

async function allDone(slow: Readers, free: Readers): Promise<void> {
  const endMs = machineMs() + DONE_WITHIN_MS;
  // Those of the hanging key are counted as done nowhere.
  while (slow.records() < appended - stuck || free.records() < appended) {
    if (machineMs() > endMs) {
      throw new Error(`${slow.records()} of ${appended - stuck} and ${free.records()} of ${appended} are done`);
    }
    await pause(20);
  }
}

async function lagOf(group: string): Promise<number> {
  const lags = await log.lag(group);
  return Number(lags.find(({ partition }) => partition === partitionOf(STUCK_KEY, PARTITIONS))?.records ?? 0n);
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / 1_048_576);
}

function spread(agesMs: readonly number[]) {
  return {
    records: agesMs.length,
    p50Ms: rounded(quantile(agesMs, 0.5)),
    p99Ms: rounded(quantile(agesMs, 0.99)),
    p999Ms: rounded(quantile(agesMs, 0.999)),
    maxMs: rounded(quantile(agesMs, 1)),
  };
}
