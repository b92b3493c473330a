import { findKafkaLauncher } from '@belfry/testing/launch-kafka';
import { describeNeeding } from '@belfry/testing/need';
import { findToxiproxy } from '@belfry/testing/toxiproxy';
import type { TopicMessages } from 'kafkajs';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { createKafka } from './kafka-client.ts';
import { collect, openLog, silentLogger } from './kafka-log.fixture.ts';
import { createKafkaProducer, type KafkaProducer } from './kafka-producer.ts';
import { maySendAgain } from './send-failure.ts';
import { type ProxiedBroker, startProxiedBroker } from './testing/proxied-broker.ts';

const ACK_TIMEOUT_MS = 3_000;
const PREFIX = 'test.';

describeNeeding('kafka', await findKafkaLauncher(), 'a producer', (launch) => {
  describeNeeding('toxiproxy', findToxiproxy(), 'whose answers are cut off', (command) => {
    let broker: ProxiedBroker;
    let producer: KafkaProducer;

    beforeAll(async () => {
      broker = await startProxiedBroker(launch, command);
      const kafka = createKafka({ brokers: [broker.proxy.address], clientId: 'belfry-test', logger: silentLogger });
      producer = createKafkaProducer(kafka, ACK_TIMEOUT_MS);
    }, 120_000);
    afterAll(async () => {
      await producer?.close();
      await broker?.stop();
    }, 60_000);

    const messages = (topic: string, ...values: readonly string[]): TopicMessages[] => [
      { topic: `${PREFIX}${topic}`, messages: values.map((value) => ({ key: 'k', value, partition: 0 })) },
    ];

    /** Sends something whose answer is lost; the broker has it all the same. */
    async function sendUnanswered(topicMessages: TopicMessages[]): Promise<void> {
      const remove = await broker.proxy.addToxic({ type: 'limit_data', attributes: { bytes: 1 } });
      const error = await producer.send(topicMessages).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      await remove();
      expect(maySendAgain(error)).toBe(true);
    }

    async function stored(topic: string, atLeast: number): Promise<string[]> {
      const log = await openLog(broker.kafka.directBrokers, { prefix: PREFIX });
      try {
        const records = await collect(log, topic);
        await vi.waitFor(() => expect(records.length).toBeGreaterThanOrEqual(atLeast), { timeout: 30_000 });
        return records.map(({ value }) => Buffer.from(value).toString());
      } finally {
        await log.close();
      }
    }

    async function createTopic(name: string): Promise<void> {
      const log = await openLog(broker.kafka.directBrokers, { prefix: PREFIX });
      await log.ensureTopics([{ name, partitions: 1, retentionMs: 86_400_000, groups: [] }]);
      await log.close();
    }

    it('stores once what it sends again, however often', { timeout: 60_000 }, async () => {
      await createTopic('same');
      await producer.send(messages('same', 'first'));
      const unanswered = messages('same', 'a', 'b', 'c');
      for (let time = 0; time < 3; time++) await sendUnanswered(unanswered);
      const [metadata] = await producer.send(unanswered);
      expect(metadata).toMatchObject({ errorCode: 0, baseOffset: '1' });
      await producer.send(messages('same', 'last'));
      expect(await stored('same', 5)).toEqual(['first', 'a', 'b', 'c', 'last']);
    });

    it('stores what it sends instead, too', { timeout: 60_000 }, async () => {
      await createTopic('other');
      await producer.send(messages('other', 'first'));
      await sendUnanswered(messages('other', 'given up 1', 'given up 2'));
      await producer.send(messages('other', 'instead 1', 'instead 2'));
      expect(await stored('other', 5)).toEqual(['first', 'given up 1', 'given up 2', 'instead 1', 'instead 2']);
    });
  });
});
