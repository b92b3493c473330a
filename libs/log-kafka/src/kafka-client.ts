import kafkajs, { type Kafka, type RetryOptions } from 'kafkajs';
import { mendBatchChecksum } from './batch-checksum.ts';
import { mendIdleTimer } from './idle-timer.ts';
import { type KafkaLogger, toLogCreator } from './kafka-logger.ts';
import { type KafkaSasl, type KafkaTls, toSaslOptions, toTlsOptions } from './kafka-security.ts';
import { mendLostMembership } from './lost-membership.ts';
import { mendPausedFetch } from './paused-fetch.ts';
import { mendReconnect } from './reconnect.ts';
import { mendRecordDecoding } from './record-decoding.ts';
import { mendUnansweredMetadata } from './unanswered-metadata.ts';

export type KafkaClientOptions = {
  /** Seed addresses as `host:port`; an IPv6 address needs a name, as the client splits at the colon. At least one. */
  readonly brokers: readonly string[];
  /** Names this process in the broker's logs and quotas. */
  readonly clientId: string;
  /** Encrypts the connection. An empty object trusts Node's certificate authorities. */
  readonly tls?: KafkaTls;
  readonly sasl?: KafkaSasl;
  /** Longest wait for a connection, TLS handshake included. Default 5,000 ms. */
  readonly connectionTimeoutMs?: number;
  /** Longest wait for an answer of the broker. Default 10,000 ms. */
  readonly requestTimeoutMs?: number;
  readonly logger: KafkaLogger;
};

const CONNECTION_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 10_000;

/**
 * Retries inside the client: about 3 s altogether, then the caller decides. Every field is given because the client takes other defaults where
 * `NODE_ENV` is `test`.
 */
export const CLIENT_RETRY: Required<Omit<RetryOptions, 'restartOnFailure'>> = {
  initialRetryTime: 100,
  maxRetryTime: 1_000,
  factor: 0.2,
  multiplier: 2,
  retries: 5,
};

/** The client instance that producers, consumers and admins of this process are made of. Throws a `RangeError` that names the bad option. */
export function createKafka(options: KafkaClientOptions): Kafka {
  assertClientOptions(options);
  mendIdleTimer();
  mendReconnect();
  mendPausedFetch();
  mendLostMembership();
  mendUnansweredMetadata();
  mendRecordDecoding();
  // Last: it loads what the one before is for.
  mendBatchChecksum();
  return new kafkajs.Kafka({
    brokers: [...options.brokers],
    clientId: options.clientId,
    ...(options.tls === undefined ? {} : { ssl: toTlsOptions(options.tls) }),
    ...(options.sasl === undefined ? {} : { sasl: toSaslOptions(options.sasl) }),
    connectionTimeout: options.connectionTimeoutMs ?? CONNECTION_TIMEOUT_MS,
    authenticationTimeout: options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
    requestTimeout: options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
    enforceRequestTimeout: true,
    retry: CLIENT_RETRY,
    logLevel: kafkajs.logLevel.INFO,
    logCreator: toLogCreator(options.logger),
  });
}

function assertClientOptions({ brokers, clientId }: KafkaClientOptions): void {
  if (brokers.length === 0) throw new RangeError('brokers must name at least one host:port');
  for (const broker of brokers) {
    if (!/^[^:\s]+:\d{1,5}$/.test(broker)) {
      throw new RangeError(`brokers must be host:port, got ${JSON.stringify(broker)}`);
    }
  }
  if (clientId === '') throw new RangeError('clientId must not be empty');
}
