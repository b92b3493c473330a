import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Pool } from 'undici';
import { BENCH_HEADERS } from './bench-api-key.ts';
import { describeEnvironment } from './environment.ts';
import { type KafkaRoundTrip, startKafkaRoundTrip } from './kafka-round-trip.ts';
import { startKafkaStack } from './kafka-stack.ts';
import type { Collected, Command } from './latency-clients.ts';
import { sendPaced } from './paced-sends.ts';
import { quantile, rounded } from './quantile.ts';
import { startStandalone } from './standalone-process.ts';

/**
 * From sending a POST to the arrival of its frame at the recipient's WebSocket, through a whole Belfry, at a steady rate: the posts leave at their times
 * whether earlier ones are answered or not, so a stall is in the figures of all that came during it. Posts, server and clients are a process each.
 * Every notification must arrive. Prints one JSON document.
 *
 * `--stack processes` measures the services as processes on Kafka, PostgreSQL and Redis, and beside them, in windows by turns, what kafkajs alone takes on the
 * same broker from a producer to a consumer: the posting process produces each record by itself at the same rate, with the same keys and a value of the same size as a
 * job's, and a process of its own reads them from as many partitions. By turns, the broker works for kafkajs alone; so a few such records a second also go their way while Belfry
 * works: the round trip on a machine that is as busy as the one that the notifications meet.
 *
 *   node bench/latency.ts [--rates 100,1000] [--seconds 20] [--rounds 4] [--users 200] [--connections 64] [--no-acks]
 *     [--stack standalone] [--directory <folder on the disk to measure>]
 *     [--stack processes] [--backplane redis|kafka]
 */
const { values } = parseArgs({
  allowNegative: true,
  options: {
    rates: { type: 'string', default: '100,1000' },
    seconds: { type: 'string', default: '20' },
    rounds: { type: 'string', default: '4' },
    users: { type: 'string', default: '200' },
    connections: { type: 'string', default: '64' },
    acks: { type: 'boolean', default: true },
    stack: { type: 'string', default: 'standalone' },
    directory: { type: 'string', default: tmpdir() },
    backplane: { type: 'string', default: 'redis' },
  },
});
const rates = values.rates.split(',').map(Number);
const rounds = Number(values.rounds);
const windowSeconds = Number(values.seconds) / rounds;
const users = Number(values.users);
/**
 * Servers and services that have just started spend the machine's time on compiling themselves: a broker takes four times the processor for the first 15,000 records that it takes after
 * 50,000, and on two cores that is what everything else waits for.
 */
const WARM_UP_SECONDS = 60;
const ARRIVED_WITHIN_MS = 30_000;
/** Few enough not to be felt, enough for a 99th percentile. */
const PROBES_PER_SECOND = 50;
/** Of the topic with jobs, and of a job of these posts. */
const PARTITIONS = 12;
const JOB_BYTES = 364;

/** What one window, or all of a kind, came to. */
type Window = {
  readonly latenciesMs: readonly number[];
  readonly answeredMs: readonly number[];
  readonly lateMs: readonly number[];
  readonly cpuSeconds: number;
  /** Round trips of kafkajs alone during the window. */
  readonly besideMs: readonly number[];
};

const environment = describeEnvironment();
const belfry = await startBelfry();
const clients = fork(path.join(import.meta.dirname, 'latency-clients.ts'));
clients.on('exit', (code) => {
  if (code !== 0) process.exit(1);
});
// Further posts wait in the pool, and that wait is measured too. Half the processor time of a request of Node's own, which would be missing elsewhere.
const pool = new Pool(belfry.api, { connections: Number(values.connections), pipelining: 1 });
const { bare } = belfry;
try {
  const url = `${belfry.realtime.replace('http', 'ws')}/v1/realtime`;
  const tickets = await Promise.all(Array.from({ length: users }, (_, user) => ticketOf(user)));
  await ask(clients, { kind: 'connect', url, tickets, acknowledge: values.acks });

  await measureBelfry(Math.max(...rates), WARM_UP_SECONDS);
  if (bare !== undefined) await measureBare(bare, Math.max(...rates), WARM_UP_SECONDS);
  const results = [];
  for (const rate of rates) results.push(await compare(rate));

  const report = {
    what: 'milliseconds from sending a POST to the arrival of the frame at the recipient',
    ...environment,
    stack: values.stack,
    ...(bare === undefined ? {} : { backplane: values.backplane, partitions: PARTITIONS, bareValueBytes: JOB_BYTES }),
    users,
    seconds: Number(values.seconds),
    rounds,
    acknowledged: values.acks,
    results,
    summary: Object.assign({}, ...results.map(summaryOf)) as Record<string, number>,
  };
  console.log(JSON.stringify(report, null, 2));
} finally {
  await pool.destroy();
  if (clients.connected) clients.disconnect();
  await belfry.stop();
}

async function startBelfry() {
  if (values.stack === 'standalone') {
    const { url, metric, stop } = await startStandalone(values.directory);
    return { api: url, realtime: url, bare: undefined, cpuSeconds: () => metric('process_cpu_seconds_total'), stop };
  }
  const { backplane } = values;
  if (values.stack !== 'processes' || (backplane !== 'redis' && backplane !== 'kafka')) {
    throw new Error('--stack is standalone or processes, --backplane redis or kafka');
  }
  const stack = await startKafkaStack(backplane);
  const options = { brokers: stack.brokers, partitions: PARTITIONS, valueBytes: JOB_BYTES };
  const roundTrip = await startKafkaRoundTrip(options);
  const stop = async (): Promise<void> => {
    await roundTrip.stop();
    await stack.stop();
  };
  return { ...stack, bare: roundTrip, stop };
}

async function compare(rate: number) {
  const windows = { belfry: [] as Window[], bare: [] as Window[] };
  for (let round = 0; round < rounds; round++) {
    windows.belfry.push(await measureBelfry(rate, windowSeconds));
    if (bare !== undefined) windows.bare.push(await measureBare(bare, rate, windowSeconds));
  }
  const [own, alone] = [merged(windows.belfry), merged(windows.bare)];
  const p99 = (window: Window) => quantile(window.latenciesMs, 0.99);
  return {
    postsPerSecond: rate,
    arrived: own.latenciesMs.length,
    toSocket: spread(own.latenciesMs),
    toAnswer: spread(own.answeredMs),
    /** How far the sender was behind its timetable; not in the latencies. */
    sentLate: spread(own.lateMs),
    cpuSecondsPer10k: rounded(own.cpuSeconds / (own.latenciesMs.length / 10_000)),
    ...(bare === undefined
      ? {}
      : {
          bare: {
            toConsumer: spread(alone.latenciesMs),
            toAnswer: spread(alone.answeredMs),
            sentLate: spread(alone.lateMs),
          },
          /** The same while Belfry worked. */
          bareBeside: { perSecond: PROBES_PER_SECOND, toConsumer: spread(own.besideMs) },
          p99Ratio: rounded(p99(own) / p99(alone)),
          p99RatioBeside: rounded(p99(own) / quantile(own.besideMs, 0.99)),
          p99RatioOfRounds: windows.belfry.map((window, round) =>
            rounded(p99(window) / p99(windows.bare[round] ?? window)),
          ),
        }),
  };
}

function summaryOf({ postsPerSecond, toSocket, ...other }: Awaited<ReturnType<typeof compare>>) {
  const { bare: alone, bareBeside: beside, p99Ratio, p99RatioBeside } = other;
  return {
    [`p50 ms at ${postsPerSecond}/s`]: toSocket.p50Ms,
    [`p99 ms at ${postsPerSecond}/s`]: toSocket.p99Ms,
    [`p99.9 ms at ${postsPerSecond}/s`]: toSocket.p999Ms,
    [`max ms at ${postsPerSecond}/s`]: toSocket.maxMs,
    ...(alone === undefined || beside === undefined
      ? {}
      : {
          [`p50 ms at ${postsPerSecond}/s, kafkajs alone`]: alone.toConsumer.p50Ms,
          [`p99 ms at ${postsPerSecond}/s, kafkajs alone`]: alone.toConsumer.p99Ms,
          [`p99 / p99 of kafkajs alone at ${postsPerSecond}/s`]: p99Ratio,
          [`p50 ms at ${postsPerSecond}/s, kafkajs while Belfry works`]: beside.toConsumer.p50Ms,
          [`p99 ms at ${postsPerSecond}/s, kafkajs while Belfry works`]: beside.toConsumer.p99Ms,
          [`p99 / p99 of kafkajs while Belfry works at ${postsPerSecond}/s`]: p99RatioBeside,
        }),
  };
}

async function measureBelfry(rate: number, seconds: number): Promise<Window> {
  const cpuBefore = await belfry.cpuSeconds();
  const probes = bare === undefined ? undefined : roundTrips(bare, PROBES_PER_SECOND, seconds);
  const sends = await sendPaced(rate, seconds, (index, sentMs) => post(index % users, sentMs));
  const { latenciesMs } = await ask<Collected>(clients, {
    kind: 'collect',
    frames: sends.answeredMs.length,
    withinMs: ARRIVED_WITHIN_MS,
  });
  assertAll(latenciesMs, sends.answeredMs, 'notifications');
  const cpuSeconds = (await belfry.cpuSeconds()) - cpuBefore;
  return { ...sends, latenciesMs, cpuSeconds, besideMs: (await probes)?.latenciesMs ?? [] };
}

async function measureBare(roundTrip: KafkaRoundTrip, rate: number, seconds: number): Promise<Window> {
  return { ...(await roundTrips(roundTrip, rate, seconds)), cpuSeconds: 0, besideMs: [] };
}

async function roundTrips(roundTrip: KafkaRoundTrip, rate: number, seconds: number) {
  const sends = await sendPaced(rate, seconds, (index, sentMs) =>
    roundTrip.send(`default/user-${index % users}`, sentMs),
  );
  const latenciesMs = await roundTrip.collect(sends.answeredMs.length, ARRIVED_WITHIN_MS);
  assertAll(latenciesMs, sends.answeredMs, 'records');
  return { ...sends, latenciesMs };
}

function assertAll(arrived: readonly number[], sent: readonly number[], what: string): void {
  if (arrived.length !== sent.length) throw new Error(`${arrived.length} of ${sent.length} ${what} arrived`);
}

function merged(windows: readonly Window[]): Window {
  return {
    latenciesMs: windows.flatMap(({ latenciesMs }) => latenciesMs),
    answeredMs: windows.flatMap(({ answeredMs }) => answeredMs),
    lateMs: windows.flatMap(({ lateMs }) => lateMs),
    besideMs: windows.flatMap(({ besideMs }) => besideMs),
    cpuSeconds: windows.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
  };
}

function spread(numbersMs: readonly number[]) {
  return {
    p50Ms: rounded(quantile(numbersMs, 0.5)),
    p99Ms: rounded(quantile(numbersMs, 0.99)),
    p999Ms: rounded(quantile(numbersMs, 0.999)),
    maxMs: rounded(quantile(numbersMs, 1)),
  };
}

function post(user: number, sentMs: number): Promise<void> {
  const body = JSON.stringify({
    to: { users: [`user-${user}`] },
    type: 'build.finished',
    title: 'A build has finished',
    body: 'All 1,204 tests passed in 3 min 12 s. The artefacts are kept for a week.',
    data: { sentMs },
  });
  return new Promise((resolve, reject) => {
    pool.dispatch(
      { path: '/v1/notifications', method: 'POST', headers: BENCH_HEADERS, body },
      {
        onRequestStart: () => {},
        onResponseStart: (_controller, status) => {
          if (status !== 202) reject(new Error(`status ${status}`));
        },
        onResponseData: () => {},
        onResponseEnd: () => resolve(),
        onResponseError: (_controller, error) => reject(error),
      },
    );
  });
}

async function ticketOf(user: number): Promise<string> {
  const body = JSON.stringify({ user: `user-${user}` });
  const response = await fetch(`${belfry.api}/v1/connection-tickets`, {
    method: 'POST',
    headers: BENCH_HEADERS,
    body,
  });
  return ((await response.json()) as { ticket: string }).ticket;
}

async function ask<T>(child: ChildProcess, command: Command): Promise<T> {
  const answer = once(child, 'message');
  child.send(command);
  const [message] = await answer;
  return message as T;
}
