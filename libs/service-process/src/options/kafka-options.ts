import { boolean, defineOptions, durationMs, integer, list, oneOf, path, string } from '@belfry/runtime';
import { secretOptions } from './secret-option.ts';

const DAY = 24 * 60 * 60 * 1_000;
const MINUTE = 60_000;

const SASL_MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512', 'oauthbearer'] as const;

/** How a service reaches Kafka, and what the topics are like that it creates when they are missing. */
export const kafkaOptions = defineOptions({
  KAFKA_BROKERS: {
    type: list(),
    default: ['127.0.0.1:9092'],
    description: 'Brokers to ask first, as host:port; the others are learnt from them.',
    group: 'Kafka',
  },
  KAFKA_TOPIC_PREFIX: {
    type: string(),
    default: '',
    description: 'Put before the name of every topic and consumer group, so that several Belfrys can share a cluster.',
    group: 'Kafka',
  },
  KAFKA_TLS: { type: boolean(), default: false, description: 'Speak TLS with the brokers.', group: 'Kafka' },
  KAFKA_TLS_CA: {
    type: path(),
    optional: true,
    description: "Authority that the brokers' certificates are checked against (PEM file); Node's own list without it.",
    group: 'Kafka',
  },
  KAFKA_TLS_CERT: {
    type: path(),
    optional: true,
    description: 'Client certificate (PEM file), where the brokers ask for one.',
    group: 'Kafka',
  },
  KAFKA_TLS_KEY: {
    type: path(),
    optional: true,
    description: 'Key of the client certificate (PEM file).',
    group: 'Kafka',
  },
  KAFKA_SASL_MECHANISM: {
    type: oneOf(SASL_MECHANISMS),
    optional: true,
    description: 'How to log in to the brokers; not at all without it.',
    group: 'Kafka',
  },
  KAFKA_SASL_USERNAME: {
    type: string(),
    optional: true,
    description: 'User name for plain and scram.',
    group: 'Kafka',
  },
  ...secretOptions('KAFKA_SASL_PASSWORD', { description: 'Password for plain and scram.', group: 'Kafka' }),
  KAFKA_SASL_TOKEN_FILE: {
    type: path(),
    optional: true,
    description: 'File with the JWT for oauthbearer. Read again when it changes, so a sidecar may renew it.',
    group: 'Kafka',
  },
  KAFKA_SESSION_TIMEOUT: {
    type: durationMs({ min: 6_000, max: 30 * MINUTE }),
    default: 30_000,
    description:
      'Silence of a process after which the brokers give its partitions to others. Shorter takes over sooner, and mistakes a long pause for a death. The brokers bound it, too.',
    group: 'Kafka',
  },
  KAFKA_REPLICATION_FACTOR: {
    type: integer({ min: 1, max: 32 }),
    default: 3,
    description: 'Copies of each record. The cluster must have at least as many brokers; 1 is for development.',
    group: 'Kafka topics',
  },
  KAFKA_MIN_INSYNC_REPLICAS: {
    type: integer({ min: 1, max: 32 }),
    default: 2,
    description: 'Copies that must exist before a record counts as stored. At most KAFKA_REPLICATION_FACTOR.',
    group: 'Kafka topics',
  },
  KAFKA_TOPIC_PARTITIONS: {
    type: integer({ min: 1, max: 1_024 }),
    default: 12,
    description: 'Partitions of a topic that is created: the most processes that can share its work.',
    group: 'Kafka topics',
  },
  KAFKA_WORK_RETENTION: {
    type: durationMs({ min: MINUTE, max: 3_650 * DAY }),
    default: 7 * DAY,
    description:
      'How long jobs and deliveries are kept. Longer than any outage of their workers: what is older is lost to them.',
    group: 'Kafka topics',
  },
  KAFKA_FEED_RETENTION: {
    type: durationMs({ min: MINUTE, max: 3_650 * DAY }),
    default: 3 * DAY,
    description:
      'How long receipts and dead letters stay in their topics for whoever listens. The store keeps its own.',
    group: 'Kafka topics',
  },
});
