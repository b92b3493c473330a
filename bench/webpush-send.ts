import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, globalAgent } from 'node:https';
import { parseArgs } from 'node:util';
import { createWebPushChannel, generateVapidKey } from '@belfry/channel-webpush';
import type { PushDelivery } from '@belfry/core/channel';
import type { SubscriptionJson } from '@belfry/provider-simulator';
import { createRealClock } from '@belfry/testing/real-clock';
import webpush from 'web-push';
import { describeEnvironment } from './environment.ts';
import { median, rounded } from './quantile.ts';

/**
 * Web Push sends per second of this channel beside stock web-push: the same subscriptions, payload size, push service and number in flight,
 * in alternating rounds of one run, so that a machine that slows down slows both. Prints one JSON document.
 *
 *   node bench/webpush-send.ts [--rounds 15] [--sends 1000] [--in-flight 50] [--subscriptions 1000]
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '15' },
    sends: { type: 'string', default: '1000' },
    'in-flight': { type: 'string', default: '50' },
    subscriptions: { type: 'string', default: '1000' },
  },
});
const rounds = Number(values.rounds);
const sends = Number(values.sends);
const inFlight = Number(values['in-flight']);
const environment = describeEnvironment();

const key = generateVapidKey();
const subject = 'mailto:ops@example.com';
const receiver = fork(new URL('webpush-receiver.ts', import.meta.url), [values.subscriptions, key.publicKey]);
const { origin, ca, subscriptions } = await reply<{ origin: string; ca: string; subscriptions: SubscriptionJson[] }>(
  receiver,
);

const channel = createWebPushChannel({
  vapidKeys: [key],
  subject,
  allowedHosts: [origin.slice('https://'.length)],
  ca,
  clock: createRealClock(),
});
// What web-push uses when nobody gives it an agent is Node's own keep-alive agent; only the authority is added.
const agent = new Agent({ ...globalAgent.options, ca });
const never = new AbortController().signal;
const body = 'x'.repeat(100);

const senders: Readonly<Record<string, (subscription: SubscriptionJson, index: number) => Promise<void>>> = {
  async belfry(subscription, index) {
    const { outcome } = await channel.deliver(deliveryTo(subscription, index), never);
    if (outcome.kind !== 'delivered') throw new Error(`an attempt came to ${JSON.stringify(outcome)}`);
  },
  async 'web-push'(subscription, index) {
    await webpush.sendNotification(subscription, payloadOf(index), {
      vapidDetails: { subject, publicKey: key.publicKey, privateKey: key.privateKey },
      TTL: 3_600,
      agent,
    });
  },
};

const perSecond: Record<string, number[]> = { belfry: [], 'web-push': [] };
const cpuSecondsPer10k: Record<string, number[]> = { belfry: [], 'web-push': [] };
const connections: Record<string, number> = { belfry: 0, 'web-push': 0 };
for (let round = -1; round < rounds; round += 1) {
  // Who begins alternates too. The first round warms up and is not counted.
  const order = round % 2 === 0 ? ['belfry', 'web-push'] : ['web-push', 'belfry'];
  for (const name of order) {
    const before = await asked(receiver);
    const cpuBefore = process.cpuUsage();
    const startedMs = performance.now();
    await sendAll(senders[name]);
    const seconds = (performance.now() - startedMs) / 1000;
    const cpu = process.cpuUsage(cpuBefore);
    const after = await asked(receiver);
    if (after.accepted - before.accepted !== sends)
      throw new Error(`${name}: the service accepted another number than was sent`);
    connections[name] = (connections[name] ?? 0) + after.connections - before.connections;
    if (round < 0) continue;
    perSecond[name]?.push(Math.round(sends / seconds));
    cpuSecondsPer10k[name]?.push((cpu.user + cpu.system) / 1e6 / (sends / 10_000));
  }
}
await channel.close();
agent.destroy();
receiver.disconnect();

const summary = Object.keys(senders).map((name) => ({
  sender: name,
  sendsPerSecond: median(perSecond[name] ?? []),
  cpuSecondsPer10k: rounded(median(cpuSecondsPer10k[name] ?? [])),
  connections: connections[name],
  rounds: perSecond[name],
}));
const [ours, stock] = summary;
const report = {
  what: 'Web Push sends per second, median of rounds',
  ...environment,
  sends,
  inFlight,
  subscriptions: subscriptions.length,
  payloadBytes: Buffer.byteLength(payloadOf(0)),
  senders: summary,
  cpuRatio: rounded((stock?.cpuSecondsPer10k ?? 0) / (ours?.cpuSecondsPer10k ?? 1)),
  // Of the two halves of each round, which met the same neighbours on the machine.
  ratio: rounded(median((ours?.rounds ?? []).map((rate, round) => rate / (stock?.rounds?.[round] ?? 1)))),
  summary: Object.fromEntries(summary.map(({ sender, sendsPerSecond }) => [`sends/s, ${sender}`, sendsPerSecond])),
};
console.log(JSON.stringify(report, null, 2));

async function sendAll(send: (typeof senders)[string] | undefined): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < sends) {
      const index = next;
      next += 1;
      const subscription = subscriptions[index % subscriptions.length];
      if (subscription) await send?.(subscription, index);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
}

function deliveryTo({ endpoint, keys }: SubscriptionJson, index: number): PushDelivery {
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
      body,
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
      channel: 'webpush',
      address: { endpoint, ...keys, keyId: key.id },
    },
  };
}

/** The same JSON that the channel makes of such a notification. */
function payloadOf(index: number): string {
  const id = `notification-${index}`;
  const names = { id, deliveryId: `delivery-${index}`, type: 'build.finished', tag: id };
  return JSON.stringify({ ...names, title: 'A build has finished', body });
}

function asked(child: ChildProcess): Promise<{ accepted: number; connections: number }> {
  const answer = reply<{ accepted: number; connections: number }>(child);
  child.send('counters');
  return answer;
}

async function reply<T>(child: ChildProcess): Promise<T> {
  const [message] = await once(child, 'message');
  return message as T;
}
