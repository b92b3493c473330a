import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createKafkaLog, mendIdleTimer } from '@belfry/log-kafka';
import { findKafka } from '@belfry/testing/find-kafka';
import { realClock as clock } from '@belfry/testing/real-clock';
import { Kafka, logLevel } from 'kafkajs';
import { describeEnvironment } from './environment.ts';
import { needed } from './needed.ts';

/**
 * What it costs to be connected to Kafka while nothing happens: CPU time of a process with idle connections of kafkajs as it is and with its timer mended, and
 * of one that consumes and tails an empty log topic. Needs a broker, given or started as the tests do. Prints one JSON document.
 *
 *   node bench/kafka-idle.ts [--seconds 20] [--connections 12]
 */
const MEASURES = ['stock', 'mended', 'reading'] as const;
type Measure = (typeof MEASURES)[number];

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '20' },
    connections: { type: 'string', default: '12' },
    measure: { type: 'string' },
    brokers: { type: 'string', default: '' },
  },
});
const seconds = Number(options.seconds);
const connections = Number(options.connections);
if (options.measure === undefined) await report();
else await measure(options.measure as Measure, options.brokers.split(','));

async function report(): Promise<void> {
  const environment = describeEnvironment();
  const { brokers } = needed('Kafka', await findKafka());
  const cpuMsPerSecond = { stock: 0, mended: 0, reading: 0 };
  for (const name of MEASURES) cpuMsPerSecond[name] = await measureInProcess(name, brokers);
  const report = {
    what: 'milliseconds of CPU per second of a process that is connected to Kafka and idle',
    ...environment,
    seconds,
    connections,
    cpuMsPerSecond,
    summary: {
      [`CPU ms/s, ${connections} connections, kafkajs as it is`]: cpuMsPerSecond.stock,
      [`CPU ms/s, ${connections} connections, mended`]: cpuMsPerSecond.mended,
      'CPU ms/s, one consumer and one tail of 12 partitions': cpuMsPerSecond.reading,
    },
  };
  console.log(JSON.stringify(report, null, 2));
  process.exit();
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
  if (name === 'reading') await read(brokers);
  else await connect(brokers, name === 'mended');
  // What connecting has left to do is not idling.
  await sleep(2_000);
  const before = process.cpuUsage();
  const startedMs = clock.monotonicMs();
  await sleep(seconds * 1_000);
  const { user, system } = process.cpuUsage(before);
  const cpuMs = (user + system) / 1_000;
  process.send?.(Number(((cpuMs / (clock.monotonicMs() - startedMs)) * 1_000).toFixed(2)), () => process.exit());
}

async function connect(brokers: readonly string[], isMended: boolean): Promise<void> {
  if (isMended) mendIdleTimer();
  const kafka = new Kafka({ brokers: [...brokers], clientId: 'bench', logLevel: logLevel.NOTHING });
  await Promise.all(Array.from({ length: connections }, () => kafka.admin().connect()));
}

async function read(brokers: readonly string[]): Promise<void> {
  const log = await createKafkaLog({
    brokers,
    clientId: 'bench',
    prefix: 'bench.',
    topics: { replicationFactor: 1, minInsyncReplicas: 1 },
    clock,
    logger: { info: () => {}, warn: () => {}, error: () => {} },
    onFatal(error) {
      throw error;
    },
  });
  await log.ensureTopics([{ name: 'idle', partitions: 12, retentionMs: 3_600_000, groups: [] }]);
  const handler = { onAssigned: () => {}, onBatch: () => {}, onRevoked: () => {} };
  await log.consume({ group: 'idle', logTopics: ['idle'] }, handler);
  await log.tail('idle', () => {});
}
