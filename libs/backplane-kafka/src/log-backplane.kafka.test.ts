import { randomUUID } from 'node:crypto';
import { createKafkaLog } from '@belfry/log-kafka';
import { describeBackplane } from '@belfry/testing/backplane-contract';
import { findKafka } from '@belfry/testing/find-kafka';
import { describeNeeding } from '@belfry/testing/need';
import { realClock as clock } from '@belfry/testing/real-clock';
import { createLogBackplane, HINTS_TOPIC_SETTINGS } from './log-backplane.ts';

const silent = { info() {}, warn() {}, error() {} };

describeNeeding('kafka', await findKafka(), 'with a Kafka', ({ brokers }) => {
  // A topic of its own per test; processes of their own, as far as Kafka can tell, per backplane.
  describeBackplane('over Kafka', async () => {
    const prefix = `hints-${randomUUID()}.`;
    const openLog = async () => {
      const log = await createKafkaLog({
        brokers,
        clientId: 'belfry-backplane-test',
        prefix,
        topics: { replicationFactor: 1, minInsyncReplicas: 1 },
        clock,
        logger: silent,
        onFatal: (error) => {
          throw error;
        },
      });
      await log.ensureTopics([HINTS_TOPIC_SETTINGS]);
      return log;
    };
    return {
      async open() {
        const log = await openLog();
        const backplane = await createLogBackplane({ log, clock, logger: silent });
        return {
          ...backplane,
          async close() {
            await backplane.close();
            await log.close();
          },
        };
      },
    };
  });
});
