import type { RecordMetadata } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import type { PackedPart } from './pack-send.ts';
import { pendingAppend } from './pending-append.fixture.ts';
import { confirmedPositions, toTopicMessages } from './send-request.ts';

const first = pendingAppend('a', [
  [0, 1],
  [1, 1],
  [0, 1],
]);
const second = pendingAppend('b', [[0, 1]]);
const third = pendingAppend('a', [
  [1, 1],
  [0, 1],
]);
const PARTS: readonly PackedPart[] = [
  { append: first, from: 1, to: 3 },
  { append: second, from: 0, to: 1 },
  { append: third, from: 0, to: 2 },
];

function answered(topicName: string, partition: number, baseOffset: string, errorCode = 0): RecordMetadata {
  return { topicName, partition, errorCode, baseOffset };
}

const ANSWER = [answered('test.b', 0, '500'), answered('test.a', 1, '9007199254740993'), answered('test.a', 0, '0')];

describe('toTopicMessages', () => {
  it('keeps the order of the parts within each topic', () => {
    const sent = toTopicMessages(PARTS).map(({ topic, messages }) => [topic, messages.map(({ value }) => value)]);
    expect(sent).toEqual([
      ['test.a', ['a-1', 'a-2', 'a-0', 'a-1']],
      ['test.b', ['b-0']],
    ]);
  });
});

describe('confirmedPositions', () => {
  it('counts on from the base offset of each partition, beyond 2^53 too', () => {
    expect(confirmedPositions(PARTS, ANSWER)).toEqual([
      [
        { partition: 1, offset: 9007199254740993n },
        { partition: 0, offset: 0n },
      ],
      [{ partition: 0, offset: 500n }],
      [
        { partition: 1, offset: 9007199254740994n },
        { partition: 0, offset: 1n },
      ],
    ]);
  });

  it.each([
    ['is left out', ANSWER.slice(0, 2)],
    ['failed', [...ANSWER.slice(0, 2), answered('test.a', 0, '0', 6)]],
    ['has no offset', [...ANSWER.slice(0, 2), answered('test.a', 0, '-1')]],
  ])('throws where a partition %s', (_, metadata) => {
    expect(() => confirmedPositions(PARTS, metadata)).toThrow('the broker named no offset for test.a/0');
  });
});
