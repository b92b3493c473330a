import { randomUUID } from 'node:crypto';
import { findKafka } from '@belfry/testing/find-kafka';
import { describeLogContract } from '@belfry/testing/log-contract';
import { describeNeeding } from '@belfry/testing/need';
import { realClock } from '@belfry/testing/real-clock';
import { createKafkaLog } from './kafka-log.ts';

const silent = { info: () => {}, warn: () => {}, error: () => {} };

describeNeeding('kafka', await findKafka(), 'on Kafka', ({ brokers }) => {
  describeLogContract('log-kafka', async () => {
    const prefix = `${randomUUID()}.`;
    return {
      open: () =>
        createKafkaLog({
          brokers,
          clientId: 'belfry-contract',
          prefix,
          topics: { replicationFactor: 1, minInsyncReplicas: 1 },
          clock: realClock,
          logger: silent,
          onFatal(error) {
            throw error;
          },
        }),
      dispose: async () => {},
    };
  });
});
