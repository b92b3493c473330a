import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Log } from '@belfry/core/log';
import { createKafkaLog, mendIdleTimer } from '@belfry/log-kafka';
import { findKafka } from '@belfry/testing/find-kafka';
import { realClock as clock } from '@belfry/testing/real-clock';
import { Kafka, logLevel } from 'kafkajs';
import { describeEnvironment } from './environment.ts';
import { needed } from './needed.ts';

/**
 * What it costs to be connected to Kafka while nothing happens: CPU time of processes with idle connections of kafkajs as it is and with its timer mended, and of
 * consumers of an empty log topic: a bare one of kafkajs, one of ours, and one of ours with a tail beside it. All at the same time, each in a process of
 * its own. Needs a broker, given or started as the tests do. Prints one JSON document; exits with 1 when mended connections cost more than 5 ms a second.
 *
 *   node bench/kafka-idle.ts [--seconds 60] [--connections 12]
 */
const MEASURES = ['stock', 'mended', 'bareConsumer', 'consumer', 'consumerAndTail'] as const;
type Measure = (typeof MEASURES)[number];

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    connections: { type: 'string', default: '12' },
    measure: { type: 'string' },
    brokers: { type: 'string', default: '' },
  },
});
const seconds = Number(options.seconds);
const connections = Number(options.connections);
const PREFIX = 'bench.';
const TOPIC = 'idle';
const PARTITIONS = 12;
const PROMISED_MS = 5;
if (options.measure === undefined) await report();
else await measure(options.measure as Measure, options.brokers.split(','));

async function report(): Promise<void> {
  const environment = describeEnvironment();
  const { brokers } = needed('Kafka', await findKafka());
  await (await openLog(brokers)).close();
  const figures = await Promise.all(
    MEASURES.map(async (name) => [name, await measureInProcess(name, brokers)] as const),
  );
  const cpuMsPerSecond = Object.fromEntries(figures) as Record<Measure, number>;
  const { stock, mended } = cpuMsPerSecond;
  const report = {
    what: 'milliseconds of CPU per second of a process that is connected to Kafka and idle',
    ...environment,
    seconds,
    connections,
    partitions: PARTITIONS,
    cpuMsPerSecond,
    summary: {
      [`CPU ms/s, ${connections} connections, kafkajs as it is`]: stock,
      [`CPU ms/s, ${connections} connections, mended`]: mended,
      [`CPU ms/s, a bare consumer of ${PARTITIONS} partitions, kafkajs as it is`]: cpuMsPerSecond.bareConsumer,
      [`CPU ms/s, a consumer of ours of ${PARTITIONS} partitions`]: cpuMsPerSecond.consumer,
      [`CPU ms/s, a consumer and a tail of ours of ${PARTITIONS} partitions`]: cpuMsPerSecond.consumerAndTail,
    },
    broken: mended > PROMISED_MS ? [`${connections} idle connections cost ${mended} ms/s, not ${PROMISED_MS}`] : [],
  };
  console.log(JSON.stringify(report, null, 2));
  process.exit(report.broken.length > 0 ? 1 : 0);
}

/** Each in a process of its own: the mend is for good. */
async function measureInProcess(name: Measure, brokers: readonly string[]): Promise<number> {
  const own = ['--measure', name, '--brokers', brokers.join(',')];
  const sizes = ['--seconds', options.seconds, '--connections', options.connections];
  const child = fork(import.meta.filename, [...own, ...sizes], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const [figure] = await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`${name} ended with ${code}`))),
  ]);
  return figure as number;
}

async function measure(name: Measure, brokers: readonly string[]): Promise<void> {
  await begin(name, brokers);
  // What connecting has left to do is not idling.
  await sleep(5_000);
  const before = process.cpuUsage();
  const startedMs = clock.monotonicMs();
  await sleep(seconds * 1_000);
  const { user, system } = process.cpuUsage(before);
  const cpuMs = (user + system) / 1_000;
  process.send?.(Number(((cpuMs / (clock.monotonicMs() - startedMs)) * 1_000).toFixed(2)), () => process.exit());
}

async function begin(name: Measure, brokers: readonly string[]): Promise<void> {
  if (name === 'stock' || name === 'mended') return connect(brokers, name === 'mended');
  if (name === 'bareConsumer') return consumeBare(brokers);
  const log = await openLog(brokers);
  const handler = { onAssigned: () => {}, onBatch: () => {}, onRevoked: () => {} };
  await log.consume({ group: name, logTopics: [TOPIC] }, handler);
  if (name === 'consumerAndTail') await log.tail(TOPIC, () => {});
}

async function connect(brokers: readonly string[], isMended: boolean): Promise<void> {
  if (isMended) mendIdleTimer();
  const kafka = new Kafka({ brokers: [...brokers], clientId: 'bench', logLevel: logLevel.NOTHING });
  await Promise.all(Array.from({ length: connections }, () => kafka.admin().connect()));
}

async function consumeBare(brokers: readonly string[]): Promise<void> {
  const kafka = new Kafka({ brokers: [...brokers], clientId: 'bench', logLevel: logLevel.NOTHING });
  const consumer = kafka.consumer({ groupId: `${PREFIX}bare` });
  await consumer.connect();
  await consumer.subscribe({ topics: [`${PREFIX}${TOPIC}`], fromBeginning: true });
  await consumer.run({ eachBatch: async () => {} });
}

async function openLog(brokers: readonly string[]): Promise<Log> {
  const log = await createKafkaLog({
    brokers,
    clientId: 'bench',
    prefix: PREFIX,
    topics: { replicationFactor: 1, minInsyncReplicas: 1 },
    clock,
    logger: { info: () => {}, warn: () => {}, error: () => {} },
    onFatal(error) {
      throw error;
    },
  });
  await log.ensureTopics([{ name: TOPIC, partitions: PARTITIONS, retentionMs: 3_600_000, groups: [] }]);
  return log;
}
