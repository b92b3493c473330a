import { once } from 'node:events';
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { askChild, startChild } from './child-process.ts';
import { createTopicWithLeaders } from './kafka-topic.ts';

/** What kafkajs alone takes from a producer in this process to a consumer in another, on a topic of its own. */
export type KafkaRoundTrip = {
  /** Resolves when the broker has it. */
  send(key: string, sentMs: number): Promise<unknown>;
  /** Latencies of what has arrived since the last call, once it is `records` or the time is up. */
  collect(records: number, withinMs: number): Promise<readonly number[]>;
  stop(): Promise<void>;
};

export type RoundTripOptions = {
  readonly brokers: readonly string[];
  readonly partitions: number;
  readonly valueBytes: number;
};

const TOPIC = 'bench-round-trip';

/** A producer that confirms each record by itself (`acks: -1`), and a consumer that has joined. */
export async function startKafkaRoundTrip({
  brokers,
  partitions,
  valueBytes,
}: RoundTripOptions): Promise<KafkaRoundTrip> {
  const kafka = new Kafka({ clientId: 'bare', brokers: [...brokers], logLevel: logLevel.NOTHING });
  await createTopicWithLeaders(kafka, TOPIC, partitions);
  const producer = kafka.producer({
    createPartitioner: Partitioners.DefaultPartitioner,
    allowAutoTopicCreation: false,
  });
  await producer.connect();
  const consumer = startChild('kafka-bare-consumer.ts', [JSON.stringify({ brokers, topic: TOPIC })]);
  await once(consumer, 'message');
  const value = Buffer.alloc(valueBytes, 'x');
  return {
    send: (key, sentMs) =>
      producer.send({ topic: TOPIC, acks: -1, messages: [{ key, value, headers: { sentMs: `${sentMs}` } }] }),
    collect: (records, withinMs) => askChild<readonly number[]>(consumer, { records, withinMs }),
    async stop() {
      await producer.disconnect();
      if (consumer.connected) consumer.disconnect();
    },
  };
}
