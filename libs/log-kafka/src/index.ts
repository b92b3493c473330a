export type { KafkaConsumeOptions } from './consume-options.ts';
export { mendIdleTimer } from './idle-timer.ts';
export { createKafkaLog, type KafkaLogOptions } from './kafka-log.ts';
export type { KafkaLogger } from './kafka-logger.ts';
export type { KafkaSasl, KafkaTls } from './kafka-security.ts';
export type { KafkaTopicDefaults } from './topic-settings.ts';
