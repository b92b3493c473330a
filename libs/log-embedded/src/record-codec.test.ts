import { partitionOf } from '@belfry/core/partitioner';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppendPacker, forEachPacked } from './append-packer.ts';
import { isIntactRecord, readRecord, sealRecord } from './record-codec.ts';

const text = fc.string({ unit: 'grapheme' });
const record = fc.record({ key: text, value: fc.uint8Array(), headers: fc.dictionary(text, text, { maxKeys: 4 }) });

function pack(records: Parameters<AppendPacker['add']>[1], partitionIds: readonly number[] = [7]) {
  const packer = new AppendPacker();
  const partitions = packer.add(partitionIds, records, 1_234.5);
  const packed: { partitionId: number; bytes: Buffer }[] = [];
  forEachPacked(packer.take(), (partitionId, bytes) => packed.push({ partitionId, bytes }));
  return { partitions, packed };
}

describe('a stored record', () => {
  it('is read as it was appended, in the partition of its key', () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 5 }), (records) => {
        const ids = [11, 12, 13];
        const { partitions, packed } = pack(records, ids);
        expect(partitions).toEqual(records.map(({ key }) => partitionOf(key, 3)));
        expect(packed.map(({ partitionId }) => partitionId)).toEqual(partitions.map((partition) => ids[partition]));
        const at = { logTopic: 't', partition: 1, offset: 5 };
        expect(packed.map(({ bytes }) => readRecord(bytes, 0, bytes.length, at))).toEqual(
          records.map((each) => ({ ...each, logTopic: 't', partition: 1, offset: 5n, appendedAtMs: 1_234.5 })),
        );
      }),
    );
  });

  it('is not intact after any bit of it changed, nor in any other place', () => {
    fc.assert(
      fc.property(record, fc.nat(), fc.nat({ max: 2 ** 40 }), (each, anyBit, offset) => {
        const bytes = pack([each]).packed[0]?.bytes ?? Buffer.alloc(0);
        sealRecord(bytes, 7, offset);
        expect(isIntactRecord(bytes, 7, offset)).toBe(true);
        expect(isIntactRecord(bytes, 8, offset)).toBe(false);
        expect(isIntactRecord(bytes, 7, offset + 1)).toBe(false);
        expect(isIntactRecord(bytes.subarray(0, -1), 7, offset)).toBe(false);
        const bit = anyBit % (bytes.length * 8);
        bytes[bit >>> 3] = (bytes[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
        expect(isIntactRecord(bytes, 7, offset)).toBe(false);
      }),
    );
  });

  it('is packed wherever the buffer has to grow', () => {
    const sizes = [0, 60_000, 10_000, 1_000_000, 70_000, 1];
    const { packed } = pack(sizes.map((size) => ({ key: 'k', value: new Uint8Array(size).fill(3) })));
    expect(packed.map(({ bytes }) => bytes.length)).toEqual(sizes.map((size) => 20 + 1 + size));
  });
});
