import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { describeEnvironment } from './environment.ts';
import type { Collected, Command } from './latency-clients.ts';
import { machineMs } from './machine-clock.ts';
import { quantile, rounded } from './quantile.ts';
import { startStandalone } from './standalone-process.ts';

/**
 * From sending a POST to the arrival of its frame at the recipient's WebSocket, through a whole Belfry, at a steady rate: the posts leave at their times
 * whether earlier ones are answered or not, so a stall is in the figures of all that came during it. Posts, server and clients are a process each.
 * Every notification must arrive. Prints one JSON document.
 *
 *   node bench/latency.ts [--rates 100,1000] [--seconds 20] [--users 200] [--connections 64] [--no-acks] [--directory <folder on the disk to measure>]
 */
const { values } = parseArgs({
  allowNegative: true,
  options: {
    rates: { type: 'string', default: '100,1000' },
    seconds: { type: 'string', default: '20' },
    users: { type: 'string', default: '200' },
    connections: { type: 'string', default: '64' },
    acks: { type: 'boolean', default: true },
    directory: { type: 'string', default: tmpdir() },
  },
});
const rates = values.rates.split(',').map(Number);
const seconds = Number(values.seconds);
const users = Number(values.users);
const WARM_UP_SECONDS = 3;
const ARRIVED_WITHIN_MS = 30_000;

const environment = describeEnvironment();
const belfry = await startStandalone(values.directory);
const clients = fork(path.join(import.meta.dirname, 'latency-clients.ts'));
clients.on('exit', (code) => {
  if (code !== 0) process.exit(1);
});
// Further posts wait in the agent, and that wait is measured too.
const agent = new Agent({ keepAlive: true, maxSockets: Number(values.connections) });
try {
  const url = `${belfry.url.replace('http', 'ws')}/v1/realtime`;
  const tickets = await Promise.all(Array.from({ length: users }, (_, user) => ticketOf(user)));
  await ask(clients, { kind: 'connect', url, tickets, acknowledge: values.acks });

  await measure(Math.max(...rates), WARM_UP_SECONDS);
  const results = [];
  for (const rate of rates) results.push(await measure(rate, seconds));

  const report = {
    what: 'milliseconds from sending a POST to the arrival of the frame at the recipient',
    ...environment,
    users,
    seconds,
    acknowledged: values.acks,
    results,
    summary: Object.fromEntries(
      results.flatMap(({ postsPerSecond, toSocket }) => [
        [`p50 ms at ${postsPerSecond}/s`, toSocket.p50Ms],
        [`p99 ms at ${postsPerSecond}/s`, toSocket.p99Ms],
        [`p99.9 ms at ${postsPerSecond}/s`, toSocket.p999Ms],
        [`max ms at ${postsPerSecond}/s`, toSocket.maxMs],
      ]),
    ),
  };
  console.log(JSON.stringify(report, null, 2));
} finally {
  agent.destroy();
  if (clients.connected) clients.disconnect();
  await belfry.stop();
}

async function measure(rate: number, forSeconds: number) {
  const posts = rate * forSeconds;
  const answeredMs: number[] = [];
  const lateMs: number[] = [];
  const underWay: Promise<void>[] = [];
  const cpuBefore = await belfry.metric('process_cpu_seconds_total');
  const startedMs = machineMs();
  while (underWay.length < posts) {
    const dueMs = startedMs + (underWay.length * 1_000) / rate;
    const sentMs = machineMs();
    if (sentMs < dueMs) {
      await pause(1);
      continue;
    }
    lateMs.push(sentMs - dueMs);
    underWay.push(post(underWay.length % users, sentMs).then(() => void answeredMs.push(machineMs() - sentMs)));
  }
  await Promise.all(underWay);
  const { latenciesMs } = await ask<Collected>(clients, {
    kind: 'collect',
    frames: posts,
    withinMs: ARRIVED_WITHIN_MS,
  });
  if (latenciesMs.length !== posts) throw new Error(`${latenciesMs.length} of ${posts} notifications arrived`);
  const cpuSeconds = (await belfry.metric('process_cpu_seconds_total')) - cpuBefore;
  return {
    postsPerSecond: rate,
    arrived: latenciesMs.length,
    toSocket: spread(latenciesMs),
    toAnswer: spread(answeredMs),
    /** How far the sender was behind its timetable; not in the latencies. */
    sentLate: spread(lateMs),
    cpuSecondsPer10k: rounded(cpuSeconds / (posts / 10_000)),
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
  const headers = { ...belfry.headers, 'content-length': Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const outgoing = request(`${belfry.url}/v1/notifications`, { agent, method: 'POST', headers }, (response) => {
      if (response.statusCode !== 202) reject(new Error(`status ${response.statusCode}`));
      response.on('end', resolve).resume();
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

async function ticketOf(user: number): Promise<string> {
  const body = JSON.stringify({ user: `user-${user}` });
  const response = await fetch(`${belfry.url}/v1/connection-tickets`, {
    method: 'POST',
    headers: belfry.headers,
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
