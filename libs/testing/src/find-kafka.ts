import { findGiven } from './find-given.ts';
import { type KafkaServer, probeKafka } from './launch-kafka.ts';
import type { Found } from './need.ts';
import { findShared } from './shared-server.ts';

export type { KafkaServer } from './launch-kafka.ts';

/**
 * The Kafka that the test files of a run share: `KAFKA_BROKERS` (host:port, separated by commas), else a broker in Docker, else one from Kafka's own jars.
 * Others are using it: topics and groups need names of their own. It does not create topics by itself.
 */
export function findKafka(): Promise<Found<KafkaServer>> {
  return findGiven(
    'KAFKA_BROKERS',
    async (given) => {
      const brokers = given.split(',').map((broker) => broker.trim());
      await probeKafka(brokers);
      return { brokers };
    },
    () => findShared('kafka'),
  );
}
