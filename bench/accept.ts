import { tmpdir } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import autocannon from 'autocannon';
import { describeEnvironment } from './environment.ts';
import { median, quantile, rounded } from './quantile.ts';
import { startStandalone } from './standalone-process.ts';

/**
 * Notifications per second that the HTTP API of a whole Belfry accepts (durable when answered), as single POSTs and as batches, in alternating rounds.
 * Routing goes on meanwhile; each round waits until the router has done all of it, so the CPU seconds are those of accepting and routing. At the
 * end every accepted notification must be in an inbox. Prints one JSON document.
 *
 *   node bench/accept.ts [--rounds 3] [--seconds 5] [--users 10000] [--directory <folder on the disk to measure>]
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '5' },
    users: { type: 'string', default: '10000' },
    directory: { type: 'string', default: tmpdir() },
  },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
const users = Number(values.users);
const WARM_UP_SECONDS = 2;
/** For how long the router must have had nothing under way to be called done. */
const QUIET_MS = 500;
const ROUTED_WITHIN_MS = 120_000;

type Way = { readonly name: string; readonly path: string; readonly connections: number; readonly items: number };
const WAYS: readonly Way[] = [
  { name: 'single', path: '/v1/notifications', connections: 64, items: 1 },
  { name: 'batchesOf100', path: '/v1/notifications/batch', connections: 8, items: 100 },
];

type Round = {
  readonly acceptedPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuSecondsPer10k: number;
  /** Of this process, which makes the posts on the same machine. */
  readonly posterCpuSecondsPer10k: number;
  /** From the end of posting until the router had nothing left to do. */
  readonly routedAfterMs: number;
  /** Of all that was accepted, over posting and that wait. */
  readonly routedPerSecond: number;
};

/** So that the notifications go round the users. */
let posted = 0;
const environment = describeEnvironment();
const belfry = await startStandalone(values.directory);
try {
  for (const way of WAYS) await measure(way, WARM_UP_SECONDS);
  const measured = new Map<string, Round[]>(WAYS.map((way) => [way.name, []]));
  for (let round = 0; round < rounds; round += 1) {
    // Who begins alternates, so that a machine that slows down slows both.
    for (const way of round % 2 === 0 ? WAYS : WAYS.toReversed()) {
      measured.get(way.name)?.push(await measure(way, seconds));
    }
  }
  const accepted = await belfry.metric('belfry_notifications_accepted_total');
  const inInboxes = await countInboxes();
  if (inInboxes !== accepted) throw new Error(`${accepted} were accepted, ${inInboxes} are in inboxes`);

  const results = WAYS.map(({ name, connections, items }) => {
    const list = measured.get(name) ?? [];
    const middle = (key: keyof Round): number => rounded(median(list.map((each) => each[key])));
    return {
      posts: name,
      connections,
      itemsPerPost: items,
      acceptedPerSecond: Math.round(middle('acceptedPerSecond')),
      p50Ms: middle('p50Ms'),
      p99Ms: middle('p99Ms'),
      cpuSecondsPer10k: middle('cpuSecondsPer10k'),
      posterCpuSecondsPer10k: middle('posterCpuSecondsPer10k'),
      routedAfterMs: Math.round(middle('routedAfterMs')),
      routedPerSecond: Math.round(middle('routedPerSecond')),
      rounds: list.map((each) => Math.round(each.acceptedPerSecond)),
    };
  });
  const report = {
    what: 'notifications per second accepted over HTTP, median of rounds',
    ...environment,
    users,
    seconds,
    acceptedAndFoundInInboxes: accepted,
    results,
    summary: Object.fromEntries(
      results.flatMap((each) => [
        [`accepted/s, ${each.posts}`, each.acceptedPerSecond],
        [`p50 ms, ${each.posts}`, each.p50Ms],
        [`p99 ms, ${each.posts}`, each.p99Ms],
        [`routed/s, ${each.posts}`, each.routedPerSecond],
      ]),
    ),
  };
  console.log(JSON.stringify(report, null, 2));
} finally {
  await belfry.stop();
}

async function measure(way: Way, forSeconds: number): Promise<Round> {
  const acceptedBefore = await belfry.metric('belfry_notifications_accepted_total');
  const cpuBefore = await belfry.metric('process_cpu_seconds_total');
  const latenciesMs: number[] = [];
  const startedMs = performance.now();
  const posterBefore = process.cpuUsage();
  const result = await post(way, forSeconds, latenciesMs);
  const poster = process.cpuUsage(posterBefore);
  const postedMs = performance.now();
  const routedMs = await whenRouted();
  const accepted = (await belfry.metric('belfry_notifications_accepted_total')) - acceptedBefore;
  return {
    acceptedPerSecond: (result['2xx'] * way.items) / result.duration,
    p50Ms: quantile(latenciesMs, 0.5),
    p99Ms: quantile(latenciesMs, 0.99),
    cpuSecondsPer10k: ((await belfry.metric('process_cpu_seconds_total')) - cpuBefore) / (accepted / 10_000),
    posterCpuSecondsPer10k: (poster.user + poster.system) / 1e6 / (accepted / 10_000),
    routedAfterMs: Math.max(0, routedMs - postedMs),
    routedPerSecond: accepted / ((Math.max(routedMs, postedMs) - startedMs) / 1_000),
  };
}

function bodyOf(items: number): string {
  const list = Array.from({ length: items }, () => {
    posted += 1;
    return {
      to: { users: [`user-${posted % users}`] },
      type: 'build.finished',
      title: 'A build has finished',
      body: 'All 1,204 tests passed in 3 min 12 s. The artefacts are kept for a week.',
      data: { project: 'belfry', build: posted },
    };
  });
  return JSON.stringify(items === 1 ? list[0] : list);
}

function post(way: Way, forSeconds: number, latenciesMs: number[]): Promise<autocannon.Result> {
  return new Promise((resolve, reject) => {
    const run = autocannon(
      {
        url: belfry.url + way.path,
        method: 'POST',
        headers: belfry.headers,
        connections: way.connections,
        duration: forSeconds,
        requests: [{ setupRequest: (request) => ({ ...request, body: bodyOf(way.items) }) }],
        // A batch is answered 207 whatever became of its items; only a problem has a code.
        verifyBody: (body) => !String(body).includes('"code"'),
      },
      (error: Error | null, result) => {
        const failed = error === null ? result.non2xx + result.errors + result.mismatches : 1;
        if (failed === 0) resolve(result);
        else reject(error ?? new Error(`${way.name}: ${failed} of ${result.requests.total} posts were not accepted`));
      },
    );
    run.on('response', (_client, _status, _bytes, ms) => latenciesMs.push(ms));
  });
}

/** When the router came to have nothing under way. The lag metric is exact but only taken every few seconds. */
async function whenRouted(): Promise<number> {
  const beganMs = performance.now();
  let quietSinceMs: number | undefined;
  while (performance.now() - beganMs < ROUTED_WITHIN_MS) {
    const askedMs = performance.now();
    const busy = (await belfry.metric('belfry_worker_in_flight', 'group="router"')) > 0;
    quietSinceMs = busy ? undefined : (quietSinceMs ?? askedMs);
    if (quietSinceMs !== undefined && askedMs - quietSinceMs >= QUIET_MS) return quietSinceMs;
    await pause(20);
  }
  throw new Error(`not everything was routed within ${ROUTED_WITHIN_MS} ms`);
}

async function countInboxes(): Promise<number> {
  let sum = 0;
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < users) {
      const user = next;
      next += 1;
      const response = await fetch(`${belfry.url}/v1/users/user-${user}/inbox?limit=1`, { headers: belfry.headers });
      sum += ((await response.json()) as { unread: number }).unread;
    }
  };
  await Promise.all(Array.from({ length: 8 }, lane));
  return sum;
}
