import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { startBareChain } from './bare-chain.ts';
import { BENCH_HEADERS } from './bench-api-key.ts';
import { describeEnvironment } from './environment.ts';
import { type KafkaRoundTrip, startKafkaRoundTrip } from './kafka-round-trip.ts';
import { startKafkaStack } from './kafka-stack.ts';
import { openLatencyLine } from './latency-line.ts';
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
 * works: the round trip on a machine that is as busy as the one that the notifications meet. And the same posts go through the least that does the same on the same servers
 * (bare-chain.ts): what the way itself takes.
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
/** Before the windows of each rate: what came in batches of ten comes one by one then, on ways through the code that were not yet worth compiling. */
const WARM_UP_AT_RATE_SECONDS = 20;
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
};
/** `besideMs`: round trips of kafkajs during the window. */
type BelfryWindow = Window & { readonly cpuSeconds: number; readonly besideMs: readonly number[] };

const environment = describeEnvironment();
const belfry = await startBelfry();
const { bare } = belfry;
const line = await openLatencyLine({
  ...belfry,
  tickets: await Promise.all(Array.from({ length: users }, (_, user) => ticketOf(user))),
  connections: Number(values.connections),
  acknowledge: values.acks,
});
try {
  const fastest = Math.max(...rates);
  await measureBelfry(fastest, WARM_UP_SECONDS);
  if (bare !== undefined) {
    await bare.chain.measure(fastest, WARM_UP_SECONDS / 2);
    await roundTrips(bare.roundTrip, fastest, WARM_UP_SECONDS / 2);
  }
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
  await line.close();
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
  const options = { ...stack, partitions: PARTITIONS };
  const roundTrip = await startKafkaRoundTrip({ ...options, valueBytes: JOB_BYTES });
  const servers = await startBareChain(options);
  const chain = await openLatencyLine({
    ...servers,
    tickets: Array.from({ length: users }, (_, user) => `user-${user}`),
    connections: Number(values.connections),
    acknowledge: false,
  });
  const stop = async (): Promise<void> => {
    await roundTrip.stop();
    await chain.close();
    servers.stop();
    await stack.stop();
  };
  return { ...stack, bare: { roundTrip, chain }, stop };
}

async function compare(rate: number) {
  const windows = { belfry: [] as BelfryWindow[], roundTrip: [] as Window[], chain: [] as Window[] };
  await measureBelfry(rate, WARM_UP_AT_RATE_SECONDS);
  if (bare !== undefined) {
    await bare.chain.measure(rate, WARM_UP_AT_RATE_SECONDS);
    await roundTrips(bare.roundTrip, rate, WARM_UP_AT_RATE_SECONDS);
  }
  for (let round = 0; round < rounds; round++) {
    windows.belfry.push(await measureBelfry(rate, windowSeconds));
    if (bare === undefined) continue;
    windows.roundTrip.push(await roundTrips(bare.roundTrip, rate, windowSeconds));
    windows.chain.push(await bare.chain.measure(rate, windowSeconds));
  }
  const own = merged(windows.belfry);
  const cpuSeconds = windows.belfry.reduce((sum, each) => sum + each.cpuSeconds, 0);
  return {
    postsPerSecond: rate,
    arrived: own.latenciesMs.length,
    toSocket: spread(own.latenciesMs),
    toAnswer: spread(own.answeredMs),
    /** How far the sender was behind its timetable; not in the latencies. */
    sentLate: spread(own.lateMs),
    cpuSecondsPer10k: rounded(cpuSeconds / (own.latenciesMs.length / 10_000)),
    ...(bare === undefined ? {} : { bare: besideBare(own, windows) }),
  };
}

function besideBare(
  own: Window,
  windows: Readonly<Record<'roundTrip' | 'chain', readonly Window[]>> & { readonly belfry: readonly BelfryWindow[] },
) {
  const p99 = ({ latenciesMs }: Pick<Window, 'latenciesMs'>) => quantile(latenciesMs, 0.99);
  const [alone, chain] = [merged(windows.roundTrip), merged(windows.chain)];
  const besideMs = windows.belfry.flatMap((each) => each.besideMs);
  const spreads = ({ latenciesMs, answeredMs, lateMs }: Window) => ({
    arrival: spread(latenciesMs),
    toAnswer: spread(answeredMs),
    sentLate: spread(lateMs),
  });
  return {
    /** From kafkajs' producer to its consumer, while nothing else goes on; and while Belfry works. */
    roundTrip: spreads(alone),
    roundTripBeside: { perSecond: PROBES_PER_SECOND, arrival: spread(besideMs) },
    /** From the POST to the socket, with as little between them as can be. */
    chain: spreads(chain),
    p99Ratio: rounded(p99(own) / p99(alone)),
    p99RatioOfRounds: windows.belfry.map((window, round) =>
      rounded(p99(window) / p99(windows.roundTrip[round] ?? window)),
    ),
    p99RatioBeside: rounded(p99(own) / quantile(besideMs, 0.99)),
    p99RatioToChain: rounded(p99(own) / p99(chain)),
    p99RatioOfChain: rounded(p99(chain) / p99(alone)),
  };
}

function summaryOf({ postsPerSecond, toSocket, bare: beside }: Awaited<ReturnType<typeof compare>>) {
  const at = `at ${postsPerSecond}/s`;
  return {
    [`p50 ms ${at}`]: toSocket.p50Ms,
    [`p99 ms ${at}`]: toSocket.p99Ms,
    [`p99.9 ms ${at}`]: toSocket.p999Ms,
    [`max ms ${at}`]: toSocket.maxMs,
    ...(beside === undefined
      ? {}
      : {
          [`p50 ms ${at}, kafkajs alone`]: beside.roundTrip.arrival.p50Ms,
          [`p99 ms ${at}, kafkajs alone`]: beside.roundTrip.arrival.p99Ms,
          [`p99 / p99 of kafkajs alone ${at}`]: beside.p99Ratio,
          [`p50 ms ${at}, kafkajs while Belfry works`]: beside.roundTripBeside.arrival.p50Ms,
          [`p99 ms ${at}, kafkajs while Belfry works`]: beside.roundTripBeside.arrival.p99Ms,
          [`p99 / p99 of kafkajs while Belfry works ${at}`]: beside.p99RatioBeside,
          [`p50 ms ${at}, bare chain`]: beside.chain.arrival.p50Ms,
          [`p99 ms ${at}, bare chain`]: beside.chain.arrival.p99Ms,
          [`p99 / p99 of the bare chain ${at}`]: beside.p99RatioToChain,
          [`p99 of the bare chain / p99 of kafkajs alone ${at}`]: beside.p99RatioOfChain,
        }),
  };
}

async function measureBelfry(rate: number, seconds: number): Promise<BelfryWindow> {
  const cpuBefore = await belfry.cpuSeconds();
  const probes = bare === undefined ? undefined : roundTrips(bare.roundTrip, PROBES_PER_SECOND, seconds);
  const window = await line.measure(rate, seconds);
  const cpuSeconds = (await belfry.cpuSeconds()) - cpuBefore;
  return { ...window, cpuSeconds, besideMs: (await probes)?.latenciesMs ?? [] };
}

async function roundTrips(roundTrip: KafkaRoundTrip, rate: number, seconds: number): Promise<Window> {
  const sends = await sendPaced(rate, seconds, (index, sentMs) =>
    roundTrip.send(`default/user-${index % users}`, sentMs),
  );
  const latenciesMs = await roundTrip.collect(sends.answeredMs.length, ARRIVED_WITHIN_MS);
  const [arrived, sent] = [latenciesMs.length, sends.answeredMs.length];
  if (arrived !== sent) throw new Error(`${arrived} of ${sent} records arrived`);
  return { ...sends, latenciesMs };
}

function merged(windows: readonly Window[]): Window {
  return {
    latenciesMs: windows.flatMap(({ latenciesMs }) => latenciesMs),
    answeredMs: windows.flatMap(({ answeredMs }) => answeredMs),
    lateMs: windows.flatMap(({ lateMs }) => lateMs),
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

async function ticketOf(user: number): Promise<string> {
  const body = JSON.stringify({ user: `user-${user}` });
  const response = await fetch(`${belfry.api}/v1/connection-tickets`, {
    method: 'POST',
    headers: BENCH_HEADERS,
    body,
  });
  return ((await response.json()) as { ticket: string }).ticket;
}
