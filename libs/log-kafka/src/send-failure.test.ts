import kafkajs from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { describeFailure } from './failure.ts';
import { classifySendFailure, maySendAgain, type SendFailure } from './send-failure.ts';

const { KafkaJSConnectionError, KafkaJSError, KafkaJSNonRetriableError } = kafkajs;
const { KafkaJSNumberOfRetriesExceeded, KafkaJSProtocolError, KafkaJSRequestTimeoutError } = kafkajs;

/** The client's own constructor takes what its table of the protocol's errors has, which its types do not say. */
function answer(type: string, retriable = false): Error {
  const entry = Object.assign(new Error(`the broker says ${type}`), { type, code: 1, retriable });
  return new KafkaJSProtocolError(entry as unknown as string);
}

const TABLE: readonly [what: string, error: unknown, kind: SendFailure][] = [
  ['a record too large', answer('MESSAGE_TOO_LARGE'), 'refused'],
  ['a batch larger than a segment', answer('RECORD_LIST_TOO_LARGE'), 'refused'],
  ['a record that the topic does not take', answer('INVALID_RECORD'), 'refused'],
  ['a name that no topic can have', answer('INVALID_TOPIC_EXCEPTION'), 'refused'],
  ['a policy of the broker', answer('POLICY_VIOLATION'), 'refused'],
  ['no right to write to the topic', answer('TOPIC_AUTHORIZATION_FAILED'), 'forbidden'],
  ['no right to write idempotently', answer('CLUSTER_AUTHORIZATION_FAILED'), 'forbidden'],
  ['an unknown topic', answer('UNKNOWN_TOPIC_OR_PARTITION', true), 'missing-topic'],
  ['too few replicas', answer('NOT_ENOUGH_REPLICAS', true), 'ambiguous'],
  ['too few replicas after the append', answer('NOT_ENOUGH_REPLICAS_AFTER_APPEND', true), 'ambiguous'],
  ['replicas too slow', answer('REQUEST_TIMED_OUT', true), 'ambiguous'],
  ['a leader that moved', answer('NOT_LEADER_FOR_PARTITION', true), 'ambiguous'],
  ['a sequence that the broker has', answer('DUPLICATE_SEQUENCE_NUMBER'), 'ambiguous'],
  ['a sequence with a hole before it', answer('OUT_OF_ORDER_SEQUENCE_NUMBER'), 'ambiguous'],
  ['a producer that the broker forgot', answer('UNKNOWN_PRODUCER_ID'), 'ambiguous'],
  ['a producer that was replaced', answer('INVALID_PRODUCER_EPOCH'), 'ambiguous'],
  ['a disk of the broker', answer('KAFKA_STORAGE_ERROR', true), 'ambiguous'],
  ['an answer of a later protocol', answer('KAFKAJS_UNKNOWN_ERROR_CODE'), 'ambiguous'],
  ['a connection refused or cut', new KafkaJSConnectionError('refused', { broker: 'broker:9092' }), 'ambiguous'],
  [
    'no answer in time',
    new KafkaJSRequestTimeoutError('timed out', {
      broker: 'broker:9092',
      clientId: 'c',
      correlationId: 1,
      createdAt: 0,
      sentAt: 0,
      pendingDuration: 0,
    }),
    'ambiguous',
  ],
  ['something else of the client', new KafkaJSError('?'), 'ambiguous'],
  ['a bug in the client', new TypeError('undefined is not a function'), 'ambiguous'],
  ['something that is no error', 'what', 'ambiguous'],
];

describe('classifySendFailure', () => {
  it.each(TABLE)('%s', (_, error, kind) => {
    expect(classifySendFailure(error)).toBe(kind);
  });

  it.each(TABLE.filter(([, error]) => error instanceof Error))(
    '%s, when the client gave up on it',
    (_, error, kind) => {
      const cause = error as Error;
      const exceeded = new KafkaJSNumberOfRetriesExceeded(cause, { retryCount: 1, retryTime: 1 });
      expect(classifySendFailure(exceeded)).toBe(kind);
      expect(classifySendFailure(Object.assign(new KafkaJSNonRetriableError(cause), { cause }))).toBe(kind);
    },
  );
});

describe('what may be sent again under the same numbers', () => {
  const AGAIN = [
    'too few replicas',
    'too few replicas after the append',
    'replicas too slow',
    'a leader that moved',
    'a disk of the broker',
    'a connection refused or cut',
    'no answer in time',
    'something else of the client',
  ];

  it('is what was not answered, or answered with "not now"', () => {
    const again = TABLE.filter(([, error]) => maySendAgain(error));
    expect(again.map(([what]) => what)).toEqual(AGAIN);
  });
});

describe('describeFailure', () => {
  it('names what the broker said, through what the client put around it', () => {
    const cause = answer('NOT_ENOUGH_REPLICAS');
    expect(describeFailure(new KafkaJSNumberOfRetriesExceeded(cause, { retryCount: 1, retryTime: 1 }))).toBe(
      'NOT_ENOUGH_REPLICAS: the broker says NOT_ENOUGH_REPLICAS',
    );
    expect(describeFailure('odd')).toBe('odd');
  });
});
