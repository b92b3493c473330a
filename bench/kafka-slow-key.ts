import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { partitionOf } from '@belfry/core/partitioner';
import { describeEnvironment } from './environment.ts';
import { startKafkaForBench } from './kafka-bench-log.ts';
import { type Readers, startReaders } from './kafka-readers.ts';
import { machineMs } from './machine-clock.ts';
import { median, quantile, rounded } from './quantile.ts';

/**
 * What one key whose handler hangs costs the others. Two workers, each a group and a process of its own, read the same topic at the same time; in one of them
 * the handler of one key never returns. Compared is the age of the other keys' records when they are done, from before their append on, and how far the hanging
 * key's partition falls behind: its commits stand still, and reading must go on all the same. The p99 is the median of those of many windows: the two
 * processes do not stall at the same moments. Prints one JSON document.
 *
 *   node bench/kafka-slow-key.ts [--seconds 60] [--rate 300]
 */
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    rate: { type: 'string', default: '300' },
  },
});
const seconds = Number(values.seconds);
const rate = Number(values.rate);
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
    partitions: PARTITIONS,
    keys: KEYS,
    concurrency: CONCURRENCY,
    windowSeconds: WINDOW_SECONDS,
    withSlowKey: { ...spread(windows.flatMap((window) => window.slow)), medianP99Ms: rounded(p99.slow) },
    without: { ...spread(windows.flatMap((window) => window.free)), medianP99Ms: rounded(p99.free) },
    p99Ratio: rounded(p99.slow / p99.free),
    slowPartition: { appended: inStuckPartition, ofTheSlowKey: stuck, behind, lookAhead: LOOK_AHEAD },
    summary: {
      'p99 ms of other keys, one key hangs': rounded(p99.slow),
      'p99 ms, none hangs': rounded(p99.free),
      'p99 / p99': rounded(p99.slow / p99.free),
      "records behind in the hanging key's partition": behind,
    },
  };
  console.log(JSON.stringify(report, null, 2));
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
  const key = `tenant/user-${appended++ % KEYS}`;
  if (key === STUCK_KEY) stuck += 1;
  if (partitionOf(key, PARTITIONS) === partitionOf(STUCK_KEY, PARTITIONS)) inStuckPartition += 1;
  return { key, value, headers: { sentMs: `${machineMs()}` } };
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

function spread(agesMs: readonly number[]) {
  return {
    records: agesMs.length,
    p50Ms: rounded(quantile(agesMs, 0.5)),
    p99Ms: rounded(quantile(agesMs, 0.99)),
    p999Ms: rounded(quantile(agesMs, 0.999)),
    maxMs: rounded(quantile(agesMs, 1)),
  };
}
