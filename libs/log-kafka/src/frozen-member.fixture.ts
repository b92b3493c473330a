import { realClock } from '@belfry/testing/real-clock';
import { createKafkaLog } from './kafka-log.ts';

/**
 * A member in a process of its own, for freezing. Says `{ handled }` after each batch, and `{ committed }` or `{ failed }` after it was told to commit
 * `{ next }`, which it does with the generation that it had first.
 */
const [, , brokers = '', prefix = '', group = '', logTopic = ''] = process.argv;
const say = (what: object) => process.send?.(what);

const log = await createKafkaLog({
  brokers: brokers.split(','),
  clientId: 'frozen',
  prefix,
  topics: { replicationFactor: 1, minInsyncReplicas: 1 },
  clock: realClock,
  consume: { sessionTimeoutMs: 6_000, heartbeatIntervalMs: 500 },
  logger: { info: () => {}, warn: () => {}, error: () => {} },
  onFatal(error) {
    throw error;
  },
});
let first: number | undefined;
let handled = 0;
let revoked = 0;
const consumer = await log.consume(
  { group, logTopics: [logTopic] },
  {
    onAssigned(_, generation) {
      first ??= generation;
    },
    onBatch(_partition, _generation, records) {
      handled += records.length;
      say({ handled });
    },
    onRevoked() {
      revoked++;
    },
  },
);
process.on('message', ({ next }: { next: string }) => {
  const revokedBefore = revoked;
  consumer.commit({ logTopic, partition: 0 }, first ?? -1, BigInt(next)).then(
    () => say({ committed: next, revokedBefore }),
    (error: unknown) => say({ failed: String(error) }),
  );
});
process.on('disconnect', () => process.exit());
