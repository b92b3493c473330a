import kafkajs from 'kafkajs';
import { isProtocolError, rootFailure } from './failure.ts';

/**
 * What a failed send means for the records in it.
 * - `ambiguous`: they may be stored or not. Said of everything that is not known to be one of the others.
 * - `missing-topic`: a topic or partition is unknown to the broker: gone, or not yet known everywhere.
 * - `refused`: some record of it can never be stored, whoever sends it.
 * - `forbidden`: this process may not write there.
 */
export type SendFailure = 'ambiguous' | 'missing-topic' | 'refused' | 'forbidden';

const BY_ANSWER: Readonly<Record<string, SendFailure>> = {
  UNKNOWN_TOPIC_OR_PARTITION: 'missing-topic',
  INVALID_TOPIC_EXCEPTION: 'refused',
  MESSAGE_TOO_LARGE: 'refused',
  RECORD_LIST_TOO_LARGE: 'refused',
  INVALID_RECORD: 'refused',
  INVALID_TIMESTAMP: 'refused',
  UNSUPPORTED_FOR_MESSAGE_FORMAT: 'refused',
  UNSUPPORTED_COMPRESSION_TYPE: 'refused',
  POLICY_VIOLATION: 'refused',
  TOPIC_AUTHORIZATION_FAILED: 'forbidden',
  CLUSTER_AUTHORIZATION_FAILED: 'forbidden',
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: 'forbidden',
};

/**
 * Reads the client's error. Even a clear answer is clear for one partition only: the client reports the first error of a request and keeps quiet
 * about the partitions that were stored.
 */
export function classifySendFailure(error: unknown): SendFailure {
  const root = rootFailure(error);
  return (isProtocolError(root) ? BY_ANSWER[root.type] : undefined) ?? 'ambiguous';
}

/**
 * Whether a send that failed like this may be made again by the same producer, with the very same records: no answer came, or one that says "not now". After
 * anything else the broker might refuse these numbers for ever.
 */
export function maySendAgain(error: unknown): boolean {
  const root = rootFailure(error);
  if (isProtocolError(root)) return root.retriable && BY_ANSWER[root.type] === undefined;
  return root instanceof kafkajs.KafkaJSError;
}
