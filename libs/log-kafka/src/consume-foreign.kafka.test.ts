import { randomUUID } from 'node:crypto';
import type { Log, LogRecord } from '@belfry/core/log';
import { findKafka } from '@belfry/testing/find-kafka';
import { describeNeeding } from '@belfry/testing/need';
import kafkajs, { type Message, type Producer } from 'kafkajs';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { CLIENT_RETRY } from './kafka-client.ts';
import { openLog } from './kafka-log.fixture.ts';

const eventually = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 40_000, interval: 20 });
const group = 'readers';
const logTopic = 'input';

describeNeeding('kafka', await findKafka(), 'consuming what other producers write', ({ brokers }) => {
  let log: Log;
  let prefix: string;
  let kafka: kafkajs.Kafka;

  beforeEach(async () => {
    prefix = `${randomUUID()}.`;
    kafka = new kafkajs.Kafka({ brokers: [...brokers], logLevel: kafkajs.logLevel.NOTHING, retry: CLIENT_RETRY });
    log = await openLog(brokers, { prefix });
    await log.ensureTopics([{ name: logTopic, partitions: 1, retentionMs: 86_400_000, groups: [group] }]);
  });
  afterEach(() => log.close());

  async function withProducer(use: (producer: Producer) => Promise<unknown>, transactionalId?: string): Promise<void> {
    const producer = kafka.producer({
      ...(transactionalId === undefined ? {} : { transactionalId, maxInFlightRequests: 1 }),
    });
    await producer.connect();
    await use(producer);
    await producer.disconnect();
  }

  /** Reads until `count` records came; `commit` commits up to the record with that index and closes. */
  async function read(count: number) {
    const records: LogRecord[] = [];
    let generation = -1;
    const consumer = await log.consume(
      { group, logTopics: [logTopic] },
      {
        onAssigned: (_, given) => {
          generation = given;
        },
        onBatch: (_partition, _generation, batch) => void records.push(...batch),
        onRevoked: () => {},
      },
    );
    await eventually(() => expect(records).toHaveLength(count));
    return {
      records,
      values: records.map(({ value }) => Buffer.from(value).toString()),
      async commit(index: number) {
        const next = (records[index]?.offset ?? -1n) + 1n;
        await consumer.commit({ logTopic, partition: 0 }, generation, next);
        await consumer.close();
      },
    };
  }
  const send = (producer: Producer, messages: Message[], compression = kafkajs.CompressionTypes.None) =>
    producer.send({ topic: prefix + logTopic, messages, compression });
  const numbered = (count: number) => Array.from({ length: count }, (_, index) => ({ value: `${index}` }));

  it('goes on in the middle of a compressed batch, whose head the broker sends again', async () => {
    await withProducer((producer) => send(producer, numbered(10), kafkajs.CompressionTypes.GZIP));
    const first = await read(10);
    await first.commit(5);
    const second = await read(4);
    expect(second.values).toEqual(['6', '7', '8', '9']);
  });

  it('passes over aborted transactions and markers, and they are no lag', async () => {
    await withProducer(async (producer) => {
      for (let round = 0; round < 6; round++) {
        const transaction = await producer.transaction();
        await transaction.send({
          topic: prefix + logTopic,
          messages: [{ value: `${round}-a` }, { value: `${round}-b` }],
        });
        if (round % 2 === 0) await transaction.commit();
        else await transaction.abort();
      }
      const last = await producer.transaction();
      await last.send({ topic: prefix + logTopic, messages: [{ value: 'last' }] });
      await last.commit();
    }, randomUUID());
    const reading = await read(7);
    expect(reading.values).toEqual(['0-a', '0-b', '2-a', '2-b', '4-a', '4-b', 'last']);
    await reading.commit(6);
    expect((await log.lag(group)).map(({ records }) => records)).toEqual([0n]);
  });

  it('has a place for tombstones, records without keys, and headers of any shape', async () => {
    await withProducer((producer) =>
      send(producer, [
        { key: 'k', value: null },
        { value: 'no key' },
        {
          key: Buffer.from([0xff]),
          value: 'bytes',
          headers: { many: ['1', '2'], odd: Buffer.from([0xc3]), constructor: 'c' },
        },
      ]),
    );
    const { records } = await read(3);
    expect(records.map(({ key, value, headers }) => [key, value.length, headers])).toEqual([
      ['k', 0, {}],
      ['', 6, {}],
      ['\ufffd', 5, { many: '2', odd: '\ufffd', constructor: 'c' }],
    ]);
  });

  it('refuses a topic that does not exist, by its name', async () => {
    const handler = { onAssigned: () => {}, onBatch: () => {}, onRevoked: () => {} };
    await expect(log.consume({ group, logTopics: ['missing'] }, handler)).rejects.toThrow(/missing.*UNKNOWN_TOPIC/);
    await expect(log.tail('missing', () => {})).rejects.toThrow();
  });

  it('is fatal, once, when a handler throws, and hands it nothing more', async () => {
    const fatal: Error[] = [];
    const other = await openLog(brokers, { prefix, onFatal: (error) => fatal.push(error) });
    let calls = 0;
    await other.consume(
      { group: 'throwing', logTopics: [logTopic] },
      {
        onAssigned: () => {},
        onBatch() {
          calls++;
          throw new Error('a bug');
        },
        onRevoked: () => {},
      },
    );
    for (let count = 0; count < 3; count++) await log.append(logTopic, [{ key: 'k', value: new Uint8Array(1) }]);
    await eventually(() => expect(fatal.map(({ message }) => message)).toEqual(['a bug']));
    await other.close();
    expect([calls, fatal.length]).toEqual([1, 1]);
  });
});
