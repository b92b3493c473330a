import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';
import { Agent, request } from 'node:https';
import { parseArgs } from 'node:util';
import { createFcmChannel, fixedAccessToken } from '@belfry/channel-fcm';
import type { PushDelivery } from '@belfry/core/channel';
import { createRealClock } from '@belfry/testing/real-clock';
import { describeEnvironment } from './environment.ts';
import { median, rounded } from './quantile.ts';

/**
 * FCM sends per second of this channel beside bare node:http2 (persistent sessions, nothing but the request) and node:https with keep-alive:
 * the same messages, registrations and number in flight, in alternating rounds of one run. firebase-admin's own sendEach cannot be sent to
 * another host than Google's. Prints one JSON document.
 *
 *   node bench/fcm-send.ts [--rounds 5] [--sends 5000] [--in-flight 50] [--delay-ms 0]
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    sends: { type: 'string', default: '5000' },
    'in-flight': { type: 'string', default: '50' },
    'delay-ms': { type: 'string', default: '0' },
  },
});
const rounds = Number(values.rounds);
const sends = Number(values.sends);
const inFlight = Number(values['in-flight']);
const environment = describeEnvironment();
const STREAMS_PER_SESSION = 100;
const PATH = '/v1/projects/bench/messages:send';
const HEADERS = { authorization: 'Bearer owner', 'content-type': 'application/json' };

type Counters = {
  readonly accepted: number;
  readonly connections: number;
  readonly last?: Readonly<Record<string, unknown>>;
};
type Send = (token: string, index: number) => Promise<void>;

const receiver = fork(new URL('fcm-receiver.ts', import.meta.url), ['1000', values['delay-ms']]);
const { origin, ca, tokens } = await reply<{ origin: string; ca: string; tokens: string[] }>(receiver);

const channel = createFcmChannel({
  projectId: 'bench',
  accessTokens: fixedAccessToken('owner'),
  clock: createRealClock(),
  endpoint: origin,
  ca,
});
const never = new AbortController().signal;
await sendWithChannel(tokens[0] ?? '', 0);
/** What the channel makes of a notification; the bare senders serialise the same for each of theirs. */
const message = (await asked(receiver)).last ?? {};
const sessions = Array.from({ length: Math.ceil(inFlight / STREAMS_PER_SESSION) }, () => connect(origin, { ca }));
await Promise.all(sessions.map((session) => once(session, 'connect')));
const agent = new Agent({ keepAlive: true, maxSockets: inFlight, ca });

const senders: readonly { readonly name: string; readonly send: Send }[] = [
  { name: 'belfry', send: sendWithChannel },
  { name: 'node:http2', send: (token, index) => sendBare(sessions[index % sessions.length], token) },
  { name: 'node:https keep-alive', send: sendHttp1 },
];
const results = senders.map(({ name, send }) => ({
  name,
  send,
  perSecond: [] as number[],
  cpuSecondsPer10k: [] as number[],
  connections: 0,
}));
for (let round = -1; round < rounds; round += 1) {
  // Who begins moves on by one each round. The first round warms up and is not counted.
  for (let turn = 0; turn < results.length; turn += 1) {
    const result = results[(round + 1 + turn) % results.length];
    if (!result) continue;
    const before = await asked(receiver);
    const cpuBefore = process.cpuUsage();
    const startedMs = performance.now();
    await sendAll(result.send);
    const seconds = (performance.now() - startedMs) / 1000;
    const cpu = process.cpuUsage(cpuBefore);
    const after = await asked(receiver);
    if (after.accepted - before.accepted !== sends) {
      throw new Error(`${result.name}: FCM accepted ${after.accepted - before.accepted} of ${sends}`);
    }
    result.connections += after.connections - before.connections;
    if (round < 0) continue;
    result.perSecond.push(Math.round(sends / seconds));
    result.cpuSecondsPer10k.push((cpu.user + cpu.system) / 1e6 / (sends / 10_000));
  }
}
const pool = channel.stats();
await channel.close();
for (const session of sessions) session.close();
agent.destroy();
receiver.disconnect();

console.log(
  JSON.stringify(
    {
      what: 'FCM sends per second, median of rounds',
      ...environment,
      sends,
      inFlight,
      delayMs: Number(values['delay-ms']),
      messageBytes: Buffer.byteLength(JSON.stringify({ message })),
      channelConnections: pool.connections,
      senders: results.map(({ name, perSecond, cpuSecondsPer10k, connections }) => ({
        sender: name,
        sendsPerSecond: Math.round(median(perSecond)),
        cpuSecondsPer10k: rounded(median(cpuSecondsPer10k)),
        connectionsOpenedInRounds: connections,
        rounds: perSecond,
      })),
      summary: Object.fromEntries(
        results.map(({ name, perSecond }) => [`sends/s, ${name}`, Math.round(median(perSecond))]),
      ),
    },
    null,
    2,
  ),
);

async function sendAll(send: Send): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < sends) {
      const index = next;
      next += 1;
      await send(tokens[index % tokens.length] ?? '', index);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
}

async function sendWithChannel(token: string, index: number): Promise<void> {
  const { outcome } = await channel.deliver(deliveryTo(token, index), never);
  if (outcome.kind !== 'delivered') throw new Error(`an attempt came to ${JSON.stringify(outcome)}`);
}

function sendBare(session: ClientHttp2Session | undefined, token: string): Promise<void> {
  return new Promise((resolve, reject) => {
    if (!session) return reject(new Error('no session'));
    const stream = session.request({ ':method': 'POST', ':path': PATH, ...HEADERS });
    stream.on('response', (headers) => {
      if (headers[':status'] !== 200) reject(new Error(`status ${headers[':status']}`));
    });
    stream.on('error', reject);
    stream.on('end', resolve);
    stream.resume();
    stream.end(JSON.stringify({ message: { ...message, token } }));
  });
}

function sendHttp1(token: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const body = JSON.stringify({ message: { ...message, token } });
    const headers = { ...HEADERS, 'content-length': Buffer.byteLength(body) };
    const outgoing = request(`${origin}${PATH}`, { agent, method: 'POST', headers }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`status ${response.statusCode}`));
      response.on('end', resolve).resume();
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

function deliveryTo(token: string, index: number): PushDelivery {
  return {
    deliveryId: `delivery-${index}`,
    recipient: 'alice',
    attempt: 1,
    remainingMs: 3_600_000,
    notification: {
      tenant: 'default',
      id: `notification-${index}`,
      audience: { kind: 'users', users: ['alice'] },
      type: 'build.finished',
      title: 'A build has finished',
      body: 'x'.repeat(100),
      priority: 'normal',
      acceptedAtMs: 0,
      expiresAtMs: 3_600_000,
    },
    device: {
      tenant: 'default',
      id: `device-${index}`,
      user: 'alice',
      createdAtMs: 0,
      version: 1,
      channel: 'fcm',
      address: { token },
    },
  };
}

function asked(child: ChildProcess): Promise<Counters> {
  const answer = reply<Counters>(child);
  child.send('counters');
  return answer;
}

async function reply<T>(child: ChildProcess): Promise<T> {
  const [answer] = await once(child, 'message');
  return answer as T;
}
