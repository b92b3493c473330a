import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createLogBackplane, HINTS_TOPIC_SETTINGS } from '@belfry/backplane-kafka';
import { createLocalBackplane } from '@belfry/backplane-local';
import { createRedisBackplane } from '@belfry/backplane-redis';
import type { Backplane } from '@belfry/core/backplane';
import { createKafkaLog } from '@belfry/log-kafka';
import { findKafka } from '@belfry/testing/find-kafka';
import { findRedis } from '@belfry/testing/find-redis';
import { realClock as clock } from '@belfry/testing/real-clock';
import { createSeededRandom } from '@belfry/testing/seeded-random';
import { describeEnvironment } from './environment.ts';
import { needed } from './needed.ts';
import { quantile, rounded } from './quantile.ts';

/**
 * From publishing a hint to the call of its subscriber, over every backplane: a publisher and a gateway with its users, each with
 * connections of its own, in one process. The hints leave at their times, one by one, whatever became of those before. The backplanes take turns, so that what
 * else the machine does falls on all of them. Servers are found as tests find them (`REDIS_URL`, `KAFKA_BROKERS`, or started). Prints one JSON document.
 *
 *   node bench/backplane.ts [--rate 1000] [--rounds 5] [--seconds 4] [--users 10000]
 */
const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    users: { type: 'string', default: '10000' },
  },
});
const rate = Number(values.rate);
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
const users = Number(values.users);
const ARRIVED_WITHIN_MS = 5_000;
const FRAME = JSON.stringify({ type: 'notification', padding: 'x'.repeat(260) });

type Way = Awaited<ReturnType<typeof startWay>>;
/** Opens the backplane of one process. */
type Medium = { readonly name: string; readonly open: () => Promise<Backplane> };

const silent = { info() {}, warn() {}, error() {} };
const environment = describeEnvironment();
const ways: Way[] = [];
for (const medium of await findMedia()) ways.push(await startWay(medium));
for (let round = 0; round < rounds; round++) {
  for (const way of ways) await way.measure();
}
const results = ways.map((way) => way.result());
const report = {
  what: 'milliseconds from publishing a hint to the call of its subscriber in another process, as far as the backplane can tell',
  ...environment,
  hintsPerSecond: rate,
  rounds,
  secondsPerRound: seconds,
  users,
  frameBytes: FRAME.length,
  results,
  summary: Object.fromEntries(
    results.flatMap(({ backplane, p50Ms, p99Ms }) => [
      [`p50 ms, ${backplane}`, p50Ms],
      [`p99 ms, ${backplane}`, p99Ms],
    ]),
  ),
};
console.log(JSON.stringify(report, null, 2));
// Clients that are closing may keep timers for a while.
process.exit(0);

async function findMedia(): Promise<Medium[]> {
  const prefix = `bench-${randomUUID()}`;
  const shared = createLocalBackplane();
  const { url } = needed('Redis', await findRedis());
  const { brokers } = needed('Kafka', await findKafka());
  return [
    { name: 'local', open: async () => shared },
    {
      name: 'redis',
      open: () =>
        createRedisBackplane({
          url,
          channelPrefix: `${prefix}:`,
          clock,
          random: createSeededRandom(1),
          logger: silent,
        }),
    },
    { name: 'kafka', open: () => openKafka(brokers, `${prefix}.`) },
  ];
}

async function openKafka(brokers: readonly string[], prefix: string): Promise<Backplane> {
  const log = await createKafkaLog({
    brokers,
    clientId: 'belfry-bench',
    prefix,
    topics: { replicationFactor: 1, minInsyncReplicas: 1 },
    clock,
    logger: silent,
    onFatal: (error) => {
      throw error;
    },
  });
  await log.ensureTopics([HINTS_TOPIC_SETTINGS]);
  const backplane = await createLogBackplane({ log, clock, logger: silent });
  const close = async (): Promise<void> => {
    await backplane.close();
    await log.close();
  };
  return { ...backplane, close };
}

async function startWay({ name, open }: Medium) {
  const [publisher, gateway] = [await open(), await open()];
  const names = Array.from({ length: users }, (_, user) => `user-${user}`);
  const sentMs = new Map<number, number>();
  const latenciesMs: number[] = [];
  let published = 0;
  let cpuSeconds = 0;
  for (const user of names) {
    gateway.subscribe('bench', user, ({ offset }) => {
      const sent = sentMs.get(offset);
      // Undefined for one that came twice.
      if (sent !== undefined) latenciesMs.push(clock.monotonicMs() - sent);
      sentMs.delete(offset);
    });
  }
  const publishFor = async (forSeconds: number): Promise<void> => {
    const startedMs = clock.monotonicMs();
    for (let sent = 0; sent < rate * forSeconds; ) {
      if (clock.monotonicMs() < startedMs + (sent * 1_000) / rate) {
        await pause(1);
        continue;
      }
      const offset = published++;
      sentMs.set(offset, clock.monotonicMs());
      publisher.publish([{ tenant: 'bench', user: names[offset % users] ?? '', offset, frame: FRAME }]);
      sent += 1;
    }
    const endMs = clock.monotonicMs() + ARRIVED_WITHIN_MS;
    while (sentMs.size > 0 && clock.monotonicMs() < endMs) await pause(5);
  };

  // Until subscriptions have taken effect and connections are warm. What was lost before does not count.
  while (latenciesMs.length < rate) {
    sentMs.clear();
    await publishFor(1);
  }
  sentMs.clear();
  latenciesMs.length = 0;
  published = 0;

  return {
    async measure(): Promise<void> {
      const before = process.cpuUsage();
      await publishFor(seconds);
      const { user, system } = process.cpuUsage(before);
      cpuSeconds += (user + system) / 1e6;
    },
    result: () => ({
      backplane: name,
      published,
      arrived: latenciesMs.length,
      p50Ms: rounded(quantile(latenciesMs, 0.5)),
      p99Ms: rounded(quantile(latenciesMs, 0.99)),
      maxMs: rounded(quantile(latenciesMs, 1)),
      /** Of both ends and the timetable, without the server. */
      cpuSecondsPer10k: rounded(cpuSeconds / (published / 10_000)),
    }),
  };
}
