import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { Command, RunResult } from './broadcast-clients.ts';
import { describeEnvironment } from './environment.ts';
import { median, rounded } from './quantile.ts';

/**
 * One notification to 1,000 WebSocket connections of as many users, through a whole gateway (hints, hubs, cursors, backpressure, sent marks; the store in
 * memory), beside a bare `ws` server that sends one prepared message to each client. Server and clients are processes of their own; the two servers take
 * turns in one run, so that a machine that slows down slows both. Prints one JSON document.
 *
 *   node bench/broadcast.ts [--clients 1000] [--rounds 7] [--round-ms 1500]
 */
const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '7' },
    'round-ms': { type: 'string', default: '1500' },
  },
});
const clients = Number(values.clients);
const rounds = Number(values.rounds);
const durationMs = Number(values['round-ms']);
const IN_FLIGHT = [1, 4, 16];
const environment = describeEnvironment();

const gateway = path.join(import.meta.dirname, '../services/realtime-gateway/src/broadcast-server.fixture.ts');
const servers = [
  { name: 'belfry', process: fork(gateway, [values.clients]) },
  { name: 'bare ws', process: fork(path.join(import.meta.dirname, 'broadcast-bare-server.ts')) },
];
const load = fork(path.join(import.meta.dirname, 'broadcast-clients.ts'));

for (const child of [load, ...servers.map((server) => server.process)]) {
  child.on('exit', (code) => {
    if (code !== 0) process.exit(1);
  });
}
for (const server of servers) {
  const ports = await reply<{ port: number; controlPort: number }>(server.process);
  await ask(load, { kind: 'connect', ...ports, clients } satisfies Command);
}

type Measured = { readonly perSecond: number; readonly cpuSecondsPerMillion: number; p50Ms: number; p99Ms: number };
const measured = new Map<string, Measured[]>();
for (let round = -1; round < rounds; round += 1) {
  for (const inFlight of IN_FLIGHT) {
    // Who begins alternates too. The first round warms up and is not counted.
    const order = round % 2 === 0 ? servers : servers.toReversed();
    for (const server of order) {
      const before = await ask<{ cpuSeconds: number }>(server.process, 'cpu');
      const fleet = servers.indexOf(server);
      const result = await ask<RunResult>(load, { kind: 'run', fleet, inFlight, durationMs } satisfies Command);
      const after = await ask<{ cpuSeconds: number }>(server.process, 'cpu');
      if (round < 0) continue;
      const key = `${server.name} ${inFlight}`;
      const list = measured.get(key) ?? [];
      measured.set(key, list);
      list.push({
        perSecond: Math.round(result.deliveries / result.seconds),
        cpuSecondsPerMillion: (after.cpuSeconds - before.cpuSeconds) / (result.deliveries / 1e6),
        p50Ms: result.p50Ms,
        p99Ms: result.p99Ms,
      });
    }
  }
}
load.disconnect();
for (const server of servers) server.process.disconnect();

const results = IN_FLIGHT.map((inFlight) => {
  const belfry = summarise(measured.get(`belfry ${inFlight}`) ?? []);
  const bareWs = summarise(measured.get(`bare ws ${inFlight}`) ?? []);
  const ratio = rounded(belfry.deliveriesPerSecond / bareWs.deliveriesPerSecond);
  return { messagesInFlight: inFlight, belfry, bareWs, ratio };
});
const report = {
  what: 'deliveries per second of a broadcast, median of rounds',
  ...environment,
  clients,
  rounds,
  durationMs,
  results,
  summary: Object.fromEntries(
    results.flatMap(({ messagesInFlight, belfry, bareWs }) => [
      [`deliveries/s, ${messagesInFlight} in flight`, belfry.deliveriesPerSecond],
      [`bare ws, ${messagesInFlight} in flight`, bareWs.deliveriesPerSecond],
    ]),
  ),
};
console.log(JSON.stringify(report, null, 2));

function summarise(list: readonly Measured[]) {
  return {
    deliveriesPerSecond: median(list.map((each) => each.perSecond)),
    cpuSecondsPerMillion: rounded(median(list.map((each) => each.cpuSecondsPerMillion))),
    p50Ms: median(list.map((each) => each.p50Ms)),
    p99Ms: median(list.map((each) => each.p99Ms)),
    rounds: list.map((each) => each.perSecond),
  };
}

function ask<T>(child: ChildProcess, message: Command | 'cpu'): Promise<T> {
  const answer = reply<T>(child);
  child.send(message);
  return answer;
}

async function reply<T>(child: ChildProcess): Promise<T> {
  const [message] = await once(child, 'message');
  return message as T;
}
