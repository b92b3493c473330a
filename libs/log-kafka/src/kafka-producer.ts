import type { ICustomPartitioner, Kafka, Producer, RecordMetadata, TopicMessages } from 'kafkajs';
import { CLIENT_RETRY } from './kafka-client.ts';
import { maySendAgain } from './send-failure.ts';

export type KafkaProducer = {
  /**
   * Sends and resolves with where each partition's records went. When it rejects and `maySendAgain` says so, the broker recognises what it has stored of the same
   * array, sent again next.
   */
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

type Identity = {
  readonly producer: Producer;
  readonly connected: Promise<void>;
  /** What was sent and not answered: all that may still be sent under this producer's id. */
  unanswered: TopicMessages[] | undefined;
};

/**
 * An idempotent producer, of which another with an id of its own takes the place after any failure. One send at a time: the caller's part of the bargain.
 *
 * A send that fails counts its sequence numbers back. The very same records get the same numbers again, and are stored once; others would be taken for those that are
 * stored, and dropped, though confirmed. That holds after a repeat that succeeds, too: what an earlier try has under way to another broker counts back when it fails.
 */
export function createKafkaProducer(kafka: Kafka, ackTimeoutMs: number): KafkaProducer {
  let current: Identity | undefined;

  function open(): Identity {
    const producer = kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: givenPartition,
      retry: { ...CLIENT_RETRY, retries: 1 },
    });
    return { producer, connected: producer.connect(), unanswered: undefined };
  }

  function retire({ producer }: Identity): void {
    current = undefined;
    producer.disconnect().catch(() => {});
  }

  return {
    async send(topicMessages) {
      if (current?.unanswered !== undefined && current.unanswered !== topicMessages) retire(current);
      current ??= open();
      const used = current;
      let isConnected = false;
      try {
        await used.connected;
        isConnected = true;
        const metadata = await used.producer.sendBatch({ acks: -1, timeout: ackTimeoutMs, topicMessages });
        if (used.unanswered !== undefined) retire(used);
        return metadata;
      } catch (error) {
        if (isConnected && maySendAgain(error)) used.unanswered = topicMessages;
        else retire(used);
        throw error;
      }
    },
    async close() {
      await current?.producer.disconnect().catch(() => {});
      current = undefined;
    },
  };
}
