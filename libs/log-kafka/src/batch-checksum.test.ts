import { createRequire } from 'node:module';
import { expect, it, vi } from 'vitest';
import { checkBatches, type FetchDecoder, mendBatchChecksum } from './batch-checksum.ts';

const require = createRequire(import.meta.url);
const { RecordBatch: encodeBatch } = require('kafkajs/src/protocol/recordBatch/v0');
const encodeRecord = require('kafkajs/src/protocol/recordBatch/record/v0');
const Decoder: new (buffer: Buffer) => FetchDecoder = require('kafkajs/src/protocol/decoder.js');

/** From the version on: first offset, length and leader epoch are the broker's to write, and outside of the checksum. */
const CHECKED_FROM = 17;

async function batchOf(value: string): Promise<Buffer> {
  const record = encodeRecord({ offsetDelta: 0, key: Buffer.from('key'), value: Buffer.from(value), headers: {} });
  return (await encodeBatch({ firstOffset: 41, records: [record] })).buffer;
}

it('decodes batches as they were made, one after the other', async () => {
  const stock = vi.fn(async () => ({}));
  const decode = checkBatches(stock);
  const [first, second] = [await batchOf('one'), await batchOf('another')];
  const decoder = Object.assign(new Decoder(Buffer.concat([first, second])), { offset: 0 });
  await decode(decoder);
  decoder.offset = first.length;
  await decode(decoder);
  expect(stock).toHaveBeenCalledTimes(2);
});

it('refuses a batch of which any bit has changed, and says where it is', async () => {
  const stock = vi.fn(async () => ({}));
  const decode = checkBatches(stock);
  const batch = await batchOf('a value');
  for (let bit = CHECKED_FROM * 8; bit < batch.length * 8; bit++) {
    const damaged = Buffer.from(batch);
    damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    await expect(decode(new Decoder(damaged)), `bit ${bit}`).rejects.toThrow('the batch at offset 41 is damaged');
  }
  expect(stock).not.toHaveBeenCalled();
});

it('has what comes before it in an answer delivered first', async () => {
  const decode = checkBatches(async () => ({}));
  const before = await batchOf('one');
  const damaged = await batchOf('another');
  damaged[damaged.length - 2] = 0;
  const decoder = Object.assign(new Decoder(Buffer.concat([before, damaged])), { offset: before.length });
  await expect(decode(decoder)).rejects.toMatchObject({ name: 'KafkaJSPartialMessageError' });
  await expect(decode(new Decoder(damaged))).rejects.toMatchObject({ name: 'Error' });
});

it('leaves to the client what was cut off, wherever', async () => {
  const stock = vi.fn(async () => ({}));
  const decode = checkBatches(stock);
  const batch = await batchOf('a value');
  for (let length = 0; length < batch.length; length++) await decode(new Decoder(batch.subarray(0, length)));
  expect(stock).toHaveBeenCalledTimes(batch.length);
});

it('is what the client decodes with from its first fetch on', () => {
  const name = require.resolve('kafkajs/src/protocol/recordBatch/v0/decoder.js');
  mendBatchChecksum();
  const mended = require.cache[name]?.exports;
  mendBatchChecksum();
  expect(require('kafkajs/src/protocol/recordBatch/v0/decoder.js')).toBe(mended);
  expect(String(mended)).toContain('crc32c');
});
