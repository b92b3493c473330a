import { createKafkaLog } from '@belfry/log-kafka';
import { machineMs } from '@belfry/testing/machine-clock';
import { realClock as clock } from '@belfry/testing/real-clock';
import { createWorker } from '@belfry/worker';
import kafkajs from 'kafkajs';

/**
 * A member of a consumer group in a process of its own: the worker runtime over `log-kafka`, or a bare kafkajs `eachBatch` loop that only counts. Tells
 * its parent how many records are done, and when.
 */
export type ReaderOptions = {
  readonly kind: 'worker' | 'bare';
  readonly brokers: readonly string[];
  readonly topic: string;
  readonly group: string;
  readonly concurrency: number;
  /** Of the worker. */
  readonly keyBatch?: number;
  /** Handling this key never ends. */
  readonly stuckKey?: string;
  /** Tells the age of every record when it is done, besides the count. */
  readonly ages?: boolean;
};

export type ReaderNews =
  | { readonly kind: 'assigned' }
  | {
      readonly kind: 'done';
      readonly records: number;
      readonly lastMs: number;
      readonly agesMs: readonly number[];
      /** Of memory that the process has now. */
      readonly rssBytes: number;
    };

const TELL_EVERY_MS = 20;
const options = JSON.parse(process.argv[2] ?? '{}') as ReaderOptions;

let records = 0;
let told = 0;
let lastMs = 0;
let agesMs: number[] = [];

process.on('disconnect', () => process.exit(0));
setInterval(() => {
  if (records === told) return;
  told = records;
  tell({ kind: 'done', records, lastMs, agesMs, rssBytes: process.memoryUsage.rss() });
  agesMs = [];
}, TELL_EVERY_MS);

if (options.kind === 'bare') await readBare();
else await readWithWorker();

function tell(news: ReaderNews): void {
  process.send?.(news);
}

function count(done: number): void {
  lastMs = machineMs();
  records += done;
}

async function readBare(): Promise<void> {
  const kafka = new kafkajs.Kafka({
    clientId: 'bare',
    brokers: [...options.brokers],
    logLevel: kafkajs.logLevel.NOTHING,
  });
  const consumer = kafka.consumer({ groupId: options.group });
  consumer.on(consumer.events.GROUP_JOIN, () => tell({ kind: 'assigned' }));
  await consumer.connect();
  await consumer.subscribe({ topics: [options.topic], fromBeginning: true });
  await consumer.run({
    partitionsConsumedConcurrently: 12,
    eachBatch: async ({ batch }) => count(batch.messages.length),
  });
}

async function readWithWorker(): Promise<void> {
  const onFatal = (error: Error) => {
    throw error;
  };
  const silent = () => {};
  const log = await createKafkaLog({
    brokers: options.brokers,
    clientId: 'worker',
    topics: { replicationFactor: 1, minInsyncReplicas: 1 },
    clock,
    logger: { info: silent, warn: silent, error: silent },
    onFatal,
  });
  const worker = createWorker({
    name: 'bench',
    log: {
      ...log,
      consume: (wanted, handler) =>
        log.consume(wanted, {
          ...handler,
          onAssigned(partition, generation) {
            tell({ kind: 'assigned' });
            handler.onAssigned(partition, generation);
          },
        }),
    },
    clock,
    group: options.group,
    lanes: [{ lane: 'bench', logTopic: options.topic, weight: 1 }],
    concurrency: options.concurrency,
    ...(options.keyBatch === undefined ? {} : { keyBatch: options.keyBatch }),
    handle: async (records) => {
      if (records[0].key === options.stuckKey) await new Promise(() => {});
      count(records.length);
      if (options.ages === true) for (const { headers } of records) agesMs.push(lastMs - Number(headers.sentMs));
    },
    onHandlerError: () => 'stop',
  });
  await worker.start();
}
