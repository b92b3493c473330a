import { createFakeClock, type FakeClock } from '@belfry/testing/fake-clock';
import kafkajs, { type RecordMetadata, type TopicMessages } from 'kafkajs';
import { beforeEach, describe, expect, it } from 'vitest';
import { AppendQueue } from './append-queue.ts';
import { silentLogger } from './kafka-log.fixture.ts';
import { pendingAppend } from './pending-append.fixture.ts';

type Send = { readonly topicMessages: TopicMessages[]; succeed(): void; fail(error: Error): void };

const DEADLINE_MS = 10_000;

describe('AppendQueue', () => {
  let clock: FakeClock;
  let sends: Send[];
  let missing: Set<string>;
  let isProducerClosed: boolean;
  let queue: AppendQueue;
  let offsets: Map<string, number>;

  /** What a broker would answer: each record gets the next offset of its partition. */
  function answerTo(topicMessages: TopicMessages[]): RecordMetadata[] {
    const base = new Map<string, number>();
    for (const { topic, messages } of topicMessages) {
      for (const { partition = 0 } of messages) {
        const key = `${topic} ${partition}`;
        const offset = offsets.get(key) ?? 0;
        offsets.set(key, offset + 1);
        if (!base.has(key)) base.set(key, offset);
      }
    }
    return [...base].map(([key, offset]) => {
      const [topicName = '', partition] = key.split(' ');
      return { topicName, partition: Number(partition), errorCode: 0, baseOffset: `${offset}` };
    });
  }

  beforeEach(() => {
    clock = createFakeClock();
    sends = [];
    missing = new Set();
    isProducerClosed = false;
    offsets = new Map();
    queue = new AppendQueue({
      clock,
      logger: silentLogger,
      deadlineMs: DEADLINE_MS,
      producer: {
        send(topicMessages) {
          const { promise, resolve, reject } = Promise.withResolvers<RecordMetadata[]>();
          sends.push({ topicMessages, succeed: () => resolve(answerTo(topicMessages)), fail: reject });
          return promise;
        },
        async close() {
          isProducerClosed = true;
        },
      },
      async onMissingTopic(logTopic) {
        if (missing.has(logTopic)) throw new RangeError(`${logTopic} is missing`);
      },
    });
  });

  const add = (topic: string, records = 1) => queue.add(pendingAppend(topic, Array(records).fill([0, 100])));
  const topicsOf = (send: Send | undefined) => send?.topicMessages.map(({ topic }) => topic);
  const lost = () => new kafkajs.KafkaJSConnectionError('closed', { broker: 'broker:9092' });
  const answer = (type: string) => {
    const entry = Object.assign(new Error(type), { type, code: 1, retriable: false });
    return new kafkajs.KafkaJSProtocolError(entry as unknown as string);
  };

  it('sends what one turn appends together, and what waits meanwhile together after it', async () => {
    const first = [add('a'), add('b')];
    await clock.settle();
    expect(sends.map(topicsOf)).toEqual([['test.a', 'test.b']]);
    const second = [add('a'), add('a'), add('c')];
    await clock.settle();
    expect(sends).toHaveLength(1);
    sends[0]?.succeed();
    await clock.settle();
    expect(await Promise.all(first)).toEqual([[{ partition: 0, offset: 0n }], [{ partition: 0, offset: 0n }]]);
    expect(topicsOf(sends[1])).toEqual(['test.a', 'test.c']);
    sends[1]?.succeed();
    expect((await Promise.all(second)).flat().map(({ offset }) => offset)).toEqual([1n, 2n, 0n]);
    expect(clock.pending).toBe(0);
  });

  it('sends a long append in several parts, one after the other', async () => {
    const appended = add('a', 2_500);
    for (let send = 0; send < 3; send++) {
      await clock.settle();
      expect(sends).toHaveLength(send + 1);
      sends[send]?.succeed();
    }
    expect((await appended).map(({ offset }) => Number(offset))).toEqual(Array.from({ length: 2_500 }, (_, at) => at));
  });

  it('repeats a send that failed for whatever reason, in the same order, before anything later', async () => {
    const appended = [add('a', 2), add('b')];
    await clock.settle();
    const later = add('a');
    sends[0]?.fail(new Error('connection closed'));
    await clock.advance(20);
    expect(sends[1]?.topicMessages[0]?.messages.slice(0, 2)).toEqual(sends[0]?.topicMessages[0]?.messages);
    expect(sends[1]?.topicMessages[0]?.messages).toHaveLength(3);
    sends[1]?.succeed();
    expect(await Promise.all([...appended, later])).toHaveLength(3);
  });

  it('sends the very same again where nobody knows whether it is stored, and what came meanwhile after it', async () => {
    const first = add('a');
    await clock.settle();
    const later = add('a');
    sends[0]?.fail(lost());
    await clock.advance(20);
    sends[1]?.fail(lost());
    await clock.advance(100);
    expect(sends.map(({ topicMessages }) => topicMessages === sends[0]?.topicMessages)).toEqual([true, true, true]);
    sends[2]?.succeed();
    await clock.settle();
    sends[3]?.succeed();
    expect((await Promise.all([first, later])).flat().map(({ offset }) => offset)).toEqual([0n, 1n]);
  });

  it('gives that up when the first append in it has run out of time, for the others that still wait', async () => {
    const early = expect(add('a')).rejects.toMatchObject({ code: 'log-unavailable' });
    await clock.settle();
    await clock.advance(DEADLINE_MS - 10);
    const late = add('b');
    sends[0]?.fail(lost());
    await clock.advance(20);
    await early;
    expect(topicsOf(sends[1])).toEqual(['test.b']);
    sends[1]?.succeed();
    expect(await late).toHaveLength(1);
  });

  it('rejects at the deadline as unavailable, with the last failure, and goes on with the others', async () => {
    const early = expect(add('a')).rejects.toMatchObject({
      code: 'log-unavailable',
      message: 'the broker did not confirm within 10000 ms; the last failure was: refused by nobody',
    });
    await clock.settle();
    await clock.advance(DEADLINE_MS - 100);
    const late = add('b');
    sends[0]?.fail(new Error('refused by nobody'));
    await clock.advance(100);
    await early;
    sends.at(-1)?.fail(new Error('again'));
    await clock.advance(1_000);
    expect(topicsOf(sends.at(-1))).toEqual(['test.b']);
    sends.at(-1)?.succeed();
    expect(await late).toHaveLength(1);
  });

  it('finds out by sending each alone whose record is refused, and rejects that one only', async () => {
    const good = [add('a'), add('c')];
    const bad = expect(add('b')).rejects.toThrow(
      new RangeError('the broker does not take this append to b: MESSAGE_TOO_LARGE: MESSAGE_TOO_LARGE'),
    );
    await clock.settle();
    sends[0]?.fail(answer('MESSAGE_TOO_LARGE'));
    for (let send = 1; send < 4; send++) {
      await clock.settle();
      expect(topicsOf(sends[send])).toHaveLength(1);
      if (topicsOf(sends[send])?.[0] === 'test.b') sends[send]?.fail(answer('MESSAGE_TOO_LARGE'));
      else sends[send]?.succeed();
    }
    await bad;
    expect(await Promise.all(good)).toHaveLength(2);
    expect(sends).toHaveLength(4);
  });

  it('says unavailable where we may not write', async () => {
    const forbidden = expect(add('a')).rejects.toMatchObject({ code: 'log-unavailable' });
    await clock.settle();
    sends[0]?.fail(answer('TOPIC_AUTHORIZATION_FAILED'));
    await forbidden;
  });

  it('rejects the appends to a topic that is gone, and repeats those to one that is only not known everywhere yet', async () => {
    missing.add('gone');
    const gone = expect(add('gone')).rejects.toThrow('gone is missing');
    const young = add('young');
    await clock.settle();
    sends[0]?.fail(answer('UNKNOWN_TOPIC_OR_PARTITION'));
    await clock.advance(20);
    await gone;
    expect(topicsOf(sends[1])).toEqual(['test.young']);
    sends[1]?.succeed();
    expect(await young).toHaveLength(1);
  });

  it('refuses more than 64 MiB that wait, but takes any one append when nothing does', async () => {
    const large = () => queue.add(pendingAppend('a', Array(50).fill([0, 1_000_000])));
    const first = large();
    await expect(large()).rejects.toThrow(/^50000000 bytes of appends wait for the broker, the limit is 67108864$/);
    await clock.settle();
    for (let send = 0; send < 50; send++) {
      sends[send]?.succeed();
      await clock.settle();
    }
    expect(await first).toHaveLength(50);
    expect(await Promise.race([large().catch(() => 'refused'), clock.settle().then(() => 'taken')])).toBe('taken');
  });

  it('closes the producer when everything has its answer', async () => {
    const appended = add('a');
    await clock.settle();
    const closed = queue.close();
    await clock.settle();
    expect(isProducerClosed).toBe(false);
    sends[0]?.succeed();
    await closed;
    expect(await appended).toHaveLength(1);
    expect(isProducerClosed).toBe(true);
  });
});
