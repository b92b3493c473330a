import kafkajs, { type Kafka, type RecordMetadata, type TopicMessages } from 'kafkajs';
import { beforeEach, describe, expect, it } from 'vitest';
import { createKafkaProducer, type KafkaProducer } from './kafka-producer.ts';

const METADATA: RecordMetadata[] = [{ topicName: 'test.a', partition: 0, errorCode: 0, baseOffset: '0' }];

describe('the producer that a send goes through', () => {
  /** Of kafkajs: which of its producers was connected or sent, in turn. */
  let calls: string[];
  /** What the next calls fail with. */
  let failures: Record<'connect' | 'send', Error[]>;
  let producer: KafkaProducer;

  beforeEach(() => {
    calls = [];
    failures = { connect: [], send: [] };
    let opened = 0;
    const client = {
      producer() {
        const id = ++opened;
        const call = async (what: 'connect' | 'send') => {
          calls.push(`${what} ${id}`);
          const failure = failures[what].shift();
          if (failure !== undefined) throw failure;
          return METADATA;
        };
        return {
          connect: () => call('connect'),
          sendBatch: () => call('send'),
          disconnect: async () => void calls.push(`disconnect ${id}`),
        };
      },
    };
    producer = createKafkaProducer(client as unknown as Kafka, 1_000);
  });

  const records = (): TopicMessages[] => [{ topic: 'test.a', messages: [{ value: 'v', partition: 0 }] }];
  const unanswered = () => new kafkajs.KafkaJSConnectionError('closed', { broker: 'broker:9092' });
  const sequenceBroken = () => {
    const answer = { name: '', message: '', type: 'OUT_OF_ORDER_SEQUENCE_NUMBER', code: 45, retriable: false };
    return new kafkajs.KafkaJSProtocolError(answer as unknown as string);
  };
  const fails = (send: Promise<unknown>) => expect(send).rejects.toThrow();

  it('stays the same while nothing fails', async () => {
    await producer.send(records());
    await producer.send(records());
    expect(calls).toEqual(['connect 1', 'send 1', 'send 1']);
  });

  it('is the same for a repeat, and another one after it', async () => {
    failures.send = [unanswered(), unanswered()];
    const same = records();
    await fails(producer.send(same));
    await fails(producer.send(same));
    await producer.send(same);
    await producer.send(records());
    expect(calls).toEqual(['connect 1', 'send 1', 'send 1', 'send 1', 'disconnect 1', 'connect 2', 'send 2']);
  });

  it('is another one for other records than those that were not answered', async () => {
    failures.send = [unanswered()];
    await fails(producer.send(records()));
    await producer.send(records());
    expect(calls).toEqual(['connect 1', 'send 1', 'disconnect 1', 'connect 2', 'send 2']);
  });

  it('is another one where the broker does not take its numbers', async () => {
    failures.send = [unanswered(), sequenceBroken()];
    const same = records();
    await fails(producer.send(same));
    await fails(producer.send(same));
    await producer.send(same);
    expect(calls).toEqual(['connect 1', 'send 1', 'send 1', 'disconnect 1', 'connect 2', 'send 2']);
  });

  it('is another one where it did not come to connect', async () => {
    failures.connect = [unanswered()];
    const same = records();
    await fails(producer.send(same));
    await producer.send(same);
    expect(calls).toEqual(['connect 1', 'disconnect 1', 'connect 2', 'send 2']);
  });
});
