import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { loadKafkajsSource } from './kafkajs-source.ts';
import { recordBytes } from './record-size.ts';

type EncodeRecord = (record: {
  readonly offsetDelta: number;
  readonly key: Buffer;
  readonly value: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}) => { readonly buffer: Buffer };

const encodeRecord = loadKafkajsSource('protocol/recordBatch/record/v0/index.js') as EncodeRecord;

it('is never less than what the client writes, and not much more', () => {
  const headers = fc.dictionary(fc.string({ unit: 'grapheme', minLength: 1 }), fc.string({ unit: 'grapheme' }), {
    maxKeys: 5,
  });
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme' }),
      fc.uint8Array({ maxLength: 300 }),
      headers,
      fc.nat(1_000),
      (key, value, given, offsetDelta) => {
        const record = { key, value, headers: given };
        const encoded = encodeRecord({ offsetDelta, key: Buffer.from(key), value: Buffer.from(value), headers: given });
        const slack = recordBytes(record) - encoded.buffer.length;
        expect(slack).toBeGreaterThanOrEqual(0);
        expect(slack).toBeLessThanOrEqual(36 + 10 * Object.keys(given).length);
      },
    ),
    { numRuns: 300 },
  );
});
