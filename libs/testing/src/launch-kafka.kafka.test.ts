import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { findKafkaLauncher, type LaunchedKafka, probeKafka } from './launch-kafka.ts';
import { describeNeeding } from './need.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

const TOPIC = 'kept';

describeNeeding('kafka', await findKafkaLauncher(), 'a broker of its own', (launchKafka) => {
  let broker: LaunchedKafka;
  beforeAll(async () => {
    broker = await launchKafka({ properties: { 'num.partitions': '3' } });
  });
  afterAll(() => broker?.stop());

  it('takes properties and keeps its data through kill -9', async () => {
    await withKafka(async (kafka) => {
      const admin = kafka.admin();
      await admin.connect();
      await admin.createTopics({ topics: [{ topic: TOPIC }] });
      const { topics } = await admin.fetchTopicMetadata({ topics: [TOPIC] });
      expect(topics[0]?.partitions).toHaveLength(3);
      const producer = kafka.producer();
      await producer.connect();
      await producer.send({ topic: TOPIC, messages: [{ value: 'still here', partition: 0 }] });
      await producer.disconnect();
      await admin.disconnect();
    });
    await broker.kill();
    await expect(probeKafka(broker.brokers)).rejects.toThrow();
    await broker.start();
    await withKafka(async (kafka) => {
      const admin = kafka.admin();
      await admin.connect();
      const ends = await admin.fetchTopicOffsets(TOPIC);
      expect(ends.find(({ partition }) => partition === 0)?.high).toBe('1');
      await admin.disconnect();
    });
  });

  it('answers nothing while it is paused', async () => {
    await broker.pause();
    await expect(probeKafka(broker.brokers)).rejects.toThrow();
    await broker.resume();
    await probeKafka(broker.brokers);
  });

  it('ends in good order when asked to', async () => {
    await broker.kill('SIGTERM');
    await broker.start();
    await probeKafka(broker.brokers);
  });

  function withKafka(use: (kafka: Kafka) => Promise<void>): Promise<void> {
    return use(new Kafka({ clientId: 'test', brokers: [...broker.brokers], logLevel: logLevel.NOTHING }));
  }
});

describeNeeding('kafka', await findKafkaLauncher(), 'a broker that asks who comes', (launchKafka) => {
  const username = 'belfry';
  const password = 'a secret';

  it('knows SCRAM users, and answers nobody else', async () => {
    const broker = await launchKafka({
      protocol: 'SASL_PLAINTEXT',
      properties: {
        'listener.name.client.sasl.enabled.mechanisms': 'SCRAM-SHA-256',
        'listener.name.client.scram-sha-256.sasl.jaas.config':
          'org.apache.kafka.common.security.scram.ScramLoginModule required;',
      },
      scramUsers: [{ mechanism: 'SCRAM-SHA-256', name: username, password }],
    });
    try {
      await expect(probeKafka(broker.brokers)).rejects.toThrow();
      const sasl = { mechanism: 'scram-sha-256', username, password } as const;
      const admin = new Kafka({ brokers: [...broker.brokers], sasl, logLevel: logLevel.NOTHING }).admin();
      await admin.connect();
      expect((await admin.describeCluster()).brokers).toHaveLength(1);
      await admin.disconnect();
      await probeKafka(broker.directBrokers);
    } finally {
      await broker.stop();
    }
  });
});
