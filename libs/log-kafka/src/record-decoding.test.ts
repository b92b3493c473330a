import { createRequire } from 'node:module';
import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import {
  type BatchContext,
  createRecordDecoder,
  type DecodeRecord,
  mendRecordDecoding,
  type Decoder as Reader,
} from './record-decoding.ts';

const require = createRequire(import.meta.url);
const encode: (record: object) => { readonly buffer: Buffer } = require('kafkajs/src/protocol/recordBatch/record/v0');
const Decoder: new (buffer: Buffer | null) => Reader = require('kafkajs/src/protocol/decoder.js');
const stock: DecodeRecord = require('kafkajs/src/protocol/recordBatch/record/v0/decoder.js');

/** What follows the record's length, which the client reads before it decodes the record. */
function bodyOf(record: object): Buffer | null {
  return new Decoder(encode(record).buffer).readVarIntBytes();
}

function contextOf(
  firstOffset: bigint,
  firstTimestamp: bigint,
  timestampType = 0,
  isControlBatch = false,
): BatchContext {
  const context = { firstOffset: String(firstOffset), firstTimestamp: String(firstTimestamp), magicByte: 2 };
  return { ...context, maxTimestamp: String(firstTimestamp + 5n), timestampType, isControlBatch };
}

const bytes = fc.option(fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array)));
const headerBytes = fc.uint8Array({ maxLength: 9 }).map((array) => Buffer.from(array));
const record = fc.record({
  offsetDelta: fc.nat(),
  timestampDelta: fc.oneof(fc.integer({ min: -10, max: 1_000 }), fc.integer(), fc.maxSafeInteger()),
  key: bytes,
  value: bytes,
  headers: fc.oneof(
    { weight: 3, arbitrary: fc.constant({}) },
    fc.dictionary(
      fc.oneof(fc.string({ minLength: 1 }), fc.constantFrom('__proto__', 'constructor', 'toString')),
      fc.oneof(headerBytes, fc.array(headerBytes, { minLength: 1, maxLength: 3 })),
    ),
  ),
});
const context = fc
  .tuple(
    fc.oneof(fc.bigInt(0n, 10_000_000_000n), fc.bigInt(0n, 2n ** 62n)),
    fc.oneof(fc.constant(1_795_238_910_855n), fc.bigInt(-1n, 2n ** 62n)),
    fc.constantFrom(-1, 0, 1),
    fc.boolean(),
  )
  .map((facts) => contextOf(...facts));

/** A header named `constructor` would be taken for the type of the object that has it. */
function entriesOf(decoded: object): object {
  return { ...decoded, headers: 'headers' in decoded ? Object.entries(Object(decoded.headers)) : undefined };
}

it('decodes whatever the client encodes as the client does', () => {
  const decode = createRecordDecoder(stock);
  fc.assert(
    fc.property(context, fc.array(record, { minLength: 1, maxLength: 4 }), (batch, records) => {
      for (const given of records) {
        const body = bodyOf(given);
        expect(entriesOf(decode(new Decoder(body), batch))).toStrictEqual(entriesOf(stock(new Decoder(body), batch)));
      }
    }),
    { numRuns: 300 },
  );
});

it('spares the client the records that are as usual, with headers and without', () => {
  const asked = vi.fn(stock);
  const decode = createRecordDecoder(asked);
  const plain = { offsetDelta: 3, timestampDelta: 40, key: Buffer.from('k'), value: Buffer.from('v') };
  const context = contextOf(1_000n, 1_795_238_910_855n);
  for (const headers of [{}, { a: Buffer.from('1') }, { a: [Buffer.from('1'), Buffer.from('2')], b: Buffer.from('') }])
    decode(new Decoder(bodyOf({ ...plain, headers })), context);
  expect(asked).not.toHaveBeenCalled();
  const rare = Object.fromEntries([['__proto__', Buffer.from('1')]]);
  decode(new Decoder(bodyOf({ ...plain, headers: rare })), context);
  expect(asked).toHaveBeenCalledOnce();
});

it('is what the client decodes with from its first fetch on', () => {
  const file = require.cache[require.resolve('kafkajs/src/protocol/recordBatch/record/v0/decoder.js')];
  mendRecordDecoding();
  const mended = file?.exports;
  expect(mended).not.toBe(stock);
  mendRecordDecoding();
  expect(file?.exports).toBe(mended);
});
