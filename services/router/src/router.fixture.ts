import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createLocalBackplane } from '@belfry/backplane-local';
import { LANES } from '@belfry/core/notification';
import type { Service } from '@belfry/core/service';
import type { Store } from '@belfry/core/store/store';
import { createReceiptFeed } from '@belfry/dispatch';
import { createKafkaLog } from '@belfry/log-kafka';
import { DEAD_LETTERS_TOPIC, jobsTopic, RECEIPTS_TOPIC } from '@belfry/protocol/log-topics';
import { createLogger, createMetrics, createSystemClock, createSystemRandom } from '@belfry/runtime';
import { createSqliteStore } from '@belfry/store/sqlite';
import type { InputTopics } from './input-topics.ts';
import { createRouter } from './router.ts';

export type RunningRouter = {
  readonly store: Store;
  /** The name on the broker. */
  topic(name: string): string;
  /** As `/metrics` has them. */
  metrics(): Promise<string>;
  stop(): Promise<void>;
};

/** A router between a broker and a store of its own, with log topics under a prefix of its own. */
export async function startRouter(brokers: readonly string[], inputTopics: InputTopics): Promise<RunningRouter> {
  const clock = createSystemClock();
  const random = createSystemRandom();
  const logger = createLogger({ level: 'silent' });
  const prefix = `${randomUUID()}.`;
  const directory = await mkdtemp(path.join(tmpdir(), 'belfry-router-'));
  const onFatal = (error: Error): never => {
    throw error;
  };
  const log = await createKafkaLog({
    ...{ brokers, clientId: 'belfry-router-test', prefix, clock, random, logger, onFatal },
    topics: { replicationFactor: 1, minInsyncReplicas: 1 },
  });
  const store = await createSqliteStore({ directory, clock, onFatal });
  const names = [...LANES.map(jobsTopic), RECEIPTS_TOPIC, DEAD_LETTERS_TOPIC];
  await log.ensureTopics(names.map((name) => ({ name, partitions: 2, retentionMs: 3_600_000, groups: [] })));
  const metrics = createMetrics({ processMetrics: false });
  const services: Service[] = createRouter({
    ...{ log, store, backplane: createLocalBackplane(), clock, random, logger, concurrency: 64, inputTopics },
    receipts: createReceiptFeed({ log, clock }),
    metrics,
  });
  for (const service of services) await service.start();
  return {
    store,
    topic: (name) => `${prefix}${name}`,
    metrics: () => metrics.registry.metrics(),
    stop: async () => {
      await Promise.all(services.map((service) => service.stop()));
      await log.close();
      await store.close();
      await rm(directory, { recursive: true });
    },
  };
}
