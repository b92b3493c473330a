import type { Clock } from '@belfry/core/clock';
import type { Kafka } from 'kafkajs';
import type { KafkaAdmin } from './kafka-admin.ts';
import type { KafkaLogger } from './kafka-logger.ts';
import type { TopicNames } from './topic-names.ts';

/** What the parts of the log share: appending, consuming, tailing, topics, lag. */
export type KafkaParts = {
  readonly kafka: Kafka;
  readonly names: TopicNames;
  readonly admin: KafkaAdmin;
  readonly clock: Clock;
  readonly logger: KafkaLogger;
  /** The log can serve nothing any more and the process must stop. Called once; later failures are its consequences. */
  readonly onFatal: (error: Error) => void;
};
