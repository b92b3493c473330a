import type { Log } from '@belfry/core/log';
import { createKafkaLog } from '@belfry/log-kafka';
import { findKafkaLauncher, type LaunchedKafka } from '@belfry/testing/launch-kafka';
import { realClock as clock } from '@belfry/testing/real-clock';
import { needed } from './needed.ts';

/** A broker for one bench alone, and the log on it. */
export async function startKafkaForBench(): Promise<{
  readonly broker: LaunchedKafka;
  readonly log: Log;
  stop(): Promise<void>;
}> {
  const launch = needed('Kafka', await findKafkaLauncher());
  const broker = await launch({ heapMiB: 1_024 });
  const log = await createKafkaLog({
    brokers: broker.brokers,
    clientId: 'bench',
    topics: { replicationFactor: 1, minInsyncReplicas: 1 },
    clock,
    logger: { info: () => {}, warn: () => {}, error: (facts, message) => console.error(message, facts) },
    onFatal: (error) => {
      throw error;
    },
  });
  return {
    broker,
    log,
    async stop() {
      await log.close();
      await broker.stop();
    },
  };
}
