import { setTimeout as pause } from 'node:timers/promises';
import { machineMs } from '@belfry/testing/machine-clock';
import { Kafka, logLevel } from 'kafkajs';
import { commitBesideReading } from './kafka-commits.ts';

/** The consumer of kafka-round-trip.ts, in a process of its own. */
const { brokers, topic } = JSON.parse(process.argv[2] ?? '{}') as { brokers: string[]; topic: string };

let latenciesMs: number[] = [];

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
const tellRead = commitBesideReading(consumer, topic);
await consumer.run({
  autoCommit: false,
  eachMessage: async ({ partition, message }) => {
    latenciesMs.push(machineMs() - Number(message.headers?.sentMs));
    tellRead(partition, message);
  },
});
