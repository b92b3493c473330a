import { setTimeout as pause } from 'node:timers/promises';
import { machineMs } from '@belfry/testing/machine-clock';
import { Kafka, logLevel, type TopicPartitionOffset } from 'kafkajs';

/**
 * The consumer of kafka-round-trip.ts, in a process of its own. It commits every second, as Belfry's workers do, beside its reading: left to commit by itself,
 * kafkajs would wait for the broker after each batch.
 */
const { brokers, topic } = JSON.parse(process.argv[2] ?? '{}') as { brokers: string[]; topic: string };
const COMMIT_MS = 1_000;

let latenciesMs: number[] = [];
const read = new Map<number, TopicPartitionOffset>();

process.on('disconnect', () => process.exit(0));
process.on('message', (asked: { records: number; withinMs: number }) => void tell(asked));

async function tell({ records, withinMs }: { records: number; withinMs: number }): Promise<void> {
  const endMs = machineMs() + withinMs;
  while (latenciesMs.length < records && machineMs() < endMs) await pause(5);
  process.send?.(latenciesMs);
  latenciesMs = [];
}

const kafka = new Kafka({ clientId: 'bare', brokers, logLevel: logLevel.NOTHING });
const consumer = kafka.consumer({ groupId: 'bench-round-trip' });
const forgetJoin = consumer.on(consumer.events.GROUP_JOIN, () => {
  // A group that has just been made is sometimes joined twice; whatever came after the first time would be taken for an answer.
  forgetJoin();
  process.send?.('joined');
});
await consumer.connect();
await consumer.subscribe({ topics: [topic], fromBeginning: true });
await consumer.run({
  autoCommit: false,
  eachMessage: async ({ partition, message }) => {
    latenciesMs.push(machineMs() - Number(message.headers?.sentMs));
    read.set(partition, { topic, partition, offset: `${BigInt(message.offset) + 1n}` });
  },
});
setInterval(() => {
  if (read.size > 0) void consumer.commitOffsets([...read.values()]);
  read.clear();
}, COMMIT_MS);
