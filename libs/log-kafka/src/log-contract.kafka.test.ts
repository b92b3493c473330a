import { randomUUID } from 'node:crypto';
import { findKafka } from '@belfry/testing/find-kafka';
import { describeLogContract } from '@belfry/testing/log-contract';
import { describeNeeding } from '@belfry/testing/need';
import { openLog, removeTopics } from './kafka-log.fixture.ts';

describeNeeding('kafka', await findKafka(), 'on Kafka', ({ brokers }) => {
  describeLogContract('log-kafka', async () => {
    const prefix = `${randomUUID()}.`;
    return { open: () => openLog(brokers, { prefix }), dispose: () => removeTopics(brokers, prefix) };
  });
});
