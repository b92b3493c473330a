import type { ICustomPartitioner, Kafka, Producer, RecordMetadata, TopicMessages } from 'kafkajs';
import { CLIENT_RETRY } from './kafka-client.ts';

export type KafkaProducer = {
  /** Sends and resolves with where each partition's records went. After a rejection this producer sends nothing more: a new one takes its place. */
  send(topicMessages: TopicMessages[]): Promise<RecordMetadata[]>;
  close(): Promise<void>;
};

/** The partition is decided before, by the port's rule, and travels in the message. */
const givenPartition: ICustomPartitioner =
  () =>
  ({ topic, message }) => {
    if (message.partition === undefined) throw new RangeError(`a message for ${topic} has no partition`);
    return message.partition;
  };

/**
 * An idempotent producer that is replaced, id and all, after each failure. One send at a time: the caller's part of the bargain.
 *
 * The client itself repeats a failed send once, with the same sequence numbers, so that the broker recognises what it has already stored.
 */
export function createKafkaProducer(kafka: Kafka, ackTimeoutMs: number): KafkaProducer {
  let current: { readonly producer: Producer; readonly connected: Promise<void> } | undefined;

  function open() {
    const producer = kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: givenPartition,
      retry: { ...CLIENT_RETRY, retries: 1 },
    });
    return { producer, connected: producer.connect() };
  }

  return {
    async send(topicMessages) {
      current ??= open();
      const used = current;
      try {
        await used.connected;
        return await used.producer.sendBatch({ acks: -1, timeout: ackTimeoutMs, topicMessages });
      } catch (error) {
        current = undefined;
        used.producer.disconnect().catch(() => {});
        throw error;
      }
    },
    async close() {
      await current?.producer.disconnect().catch(() => {});
      current = undefined;
    },
  };
}
