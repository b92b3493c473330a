import { isUnavailable } from '@belfry/core/unavailable-error';
import { createKafkaLog } from '@belfry/log-kafka';
import { machineMs } from '@belfry/testing/machine-clock';
import { realClock as clock } from '@belfry/testing/real-clock';
import { createSeededRandom } from '@belfry/testing/seeded-random';
import { createWorker } from '../worker.ts';
import { openNotes } from './worker-notes.ts';

/**
 * A worker over Kafka in a process of its own, for killing. Its handlers take their time and do nothing; it notes what it was given, what it starts and finishes, and what it
 * commits, and tells its parent of each partition. `SIGTERM` ends it in good order.
 */
export type NotingWorkerOptions = {
  readonly brokers: readonly string[];
  readonly prefix: string;
  readonly group: string;
  readonly logTopic: string;
  /** Of its notes; there is none of that name yet. */
  readonly file: string;
  readonly concurrency: number;
  readonly lookAhead: number;
  /** Handlers take from 0 to this long. */
  readonly handlerMs: number;
  readonly sessionTimeoutMs: number;
  readonly seed: number;
};

export type NotingWorkerNews = { readonly assigned: number; readonly atMs: number };

const DRAIN_WITHIN_MS = 10_000;
const COMMIT_INTERVAL_MS = 100;
/** Nothing new comes here, and a rebalance is heard of between two fetches. */
const MAX_WAIT_MS = 100;

const options = JSON.parse(process.argv[2] ?? '{}') as NotingWorkerOptions;
const { group, logTopic, concurrency, lookAhead, handlerMs, sessionTimeoutMs } = options;
const random = createSeededRandom(options.seed);
const note = openNotes(options.file);
const onFatal = (error: unknown) => {
  throw error;
};
const log = await createKafkaLog({
  brokers: options.brokers,
  clientId: 'noting',
  prefix: options.prefix,
  topics: { replicationFactor: 1, minInsyncReplicas: 1 },
  consume: { sessionTimeoutMs, heartbeatIntervalMs: sessionTimeoutMs / 5, maxWaitMs: MAX_WAIT_MS },
  clock,
  logger: { info: () => {}, warn: () => {}, error: (facts, line) => console.error(line, facts) },
  onFatal,
});
const worker = createWorker({
  name: 'noting',
  log: {
    ...log,
    async consume(wanted, handler) {
      const consumer = await log.consume(wanted, {
        ...handler,
        onAssigned(partition, generation) {
          note('assigned', partition.partition, 0);
          const news: NotingWorkerNews = { assigned: partition.partition, atMs: machineMs() };
          process.send?.(news);
          handler.onAssigned(partition, generation);
        },
      });
      return {
        ...consumer,
        commit(partition, generation, next) {
          note('committed', partition.partition, Number(next));
          return consumer.commit(partition, generation, next);
        },
      };
    },
  },
  clock,
  random,
  group,
  lanes: [{ lane: 'jobs', logTopic, weight: 1 }],
  concurrency,
  lookAhead,
  commitIntervalMs: COMMIT_INTERVAL_MS,
  handle([{ partition, value }]) {
    const number = Buffer.from(value).readUInt32LE();
    note('started', partition, number);
    return new Promise((resolve) => {
      clock.schedule(random.next() * handlerMs, () => {
        note('finished', partition, number);
        resolve();
      });
    });
  },
  onHandlerError: (error) => (isUnavailable(error) ? 'retry' : 'stop'),
  observe: {
    commitFailed: ({ partition }, error) => console.error(`commit of partition ${partition} failed: ${String(error)}`),
  },
});
worker.failed.catch(onFatal);
process.on('disconnect', () => process.exit());
process.on('SIGTERM', () => {
  void (async () => {
    await worker.drain?.(AbortSignal.timeout(DRAIN_WITHIN_MS));
    await log.close();
    process.exit(0);
  })();
});
await worker.start();
