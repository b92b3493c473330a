import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { findKafka } from '@belfry/testing/find-kafka';
import { describeNeeding, findCommand } from '@belfry/testing/need';
import kafkajs from 'kafkajs';
import { expect, it, vi } from 'vitest';
import { registerCodecs } from './codecs.ts';
import { createKafka } from './kafka-client.ts';
import { collect, openLog, silentLogger } from './kafka-log.fixture.ts';

const VALUES = Array.from(
  { length: 2_000 },
  (_, index) => `{"type":"order.shipped","user":"user-${index % 10}","n":${index}}`,
);

describeNeeding('kafka', await findKafka(), 'records that other producers compressed', ({ brokers }) => {
  async function readBack(write: (kafkaTopic: string) => void | Promise<void>): Promise<string[]> {
    const prefix = `${randomUUID()}.`;
    const log = await openLog(brokers, { prefix });
    try {
      await log.ensureTopics([{ name: 'input', partitions: 1, retentionMs: 86_400_000, groups: [] }]);
      await write(`${prefix}input`);
      const records = await collect(log, 'input');
      await vi.waitFor(() => expect(records).toHaveLength(VALUES.length), { timeout: 30_000 });
      return records.map(({ value }) => Buffer.from(value).toString());
    } finally {
      await log.close();
    }
  }

  describeNeeding('kcat', findCommand(['kcat', 'kafkacat']), 'by librdkafka', (kcat) => {
    it.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'])('with %s are read', { timeout: 60_000 }, async (codec) => {
      const values = await readBack((topic) => {
        const args = ['-P', '-b', brokers.join(','), '-t', topic, '-z', codec, '-X', 'linger.ms=200'];
        const { status, stderr } = spawnSync(kcat, args, { input: VALUES.join('\n') });
        expect({ status, stderr: stderr.toString() }).toMatchObject({ status: 0 });
      });
      expect(values).toEqual(VALUES);
    });
  });

  const { None, GZIP, Snappy, LZ4, ZSTD } = kafkajs.CompressionTypes;
  it.each([
    ['none', None],
    ['gzip', GZIP],
    ['snappy', Snappy],
    ['lz4', LZ4],
    ['zstd', ZSTD],
  ] as const)('by kafkajs with %s are read', { timeout: 60_000 }, async (_, compression) => {
    registerCodecs();
    const kafka = createKafka({ brokers, clientId: 'belfry-other', logger: silentLogger });
    const producer = kafka.producer();
    await producer.connect();
    const values = await readBack(async (topic) => {
      await producer.send({ topic, compression, messages: VALUES.map((value) => ({ value })) });
    });
    await producer.disconnect();
    expect(values).toEqual(VALUES);
  });
});
