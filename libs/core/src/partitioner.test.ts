import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { murmur2, partitionOf } from './partitioner.ts';

/** As asserted by Kafka's own `UtilsTest` for the Java client. */
const JAVA: readonly [string, number][] = [
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
];

describe('murmur2', () => {
  it.each(JAVA)('hashes %s as the Java client does', (text, hash) => {
    expect(murmur2(new TextEncoder().encode(text))).toBe(hash);
  });

  it('reads only the bytes of the view it is given', () => {
    const padded = new TextEncoder().encode('..foobar..');
    expect(murmur2(padded.subarray(2, 8))).toBe(-790332482);
  });
});

describe('partitionOf', () => {
  it.each(JAVA)('takes the low 31 bits of the hash of %s', (text, hash) => {
    for (const partitions of [1, 2, 7, 1024])
      expect(partitionOf(text, partitions)).toBe((hash & 0x7fffffff) % partitions);
  });

  it('is always a partition that exists, and the same one again', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 1024 }), (key, partitions) => {
        const partition = partitionOf(key, partitions);
        expect(Number.isInteger(partition) && partition >= 0 && partition < partitions).toBe(true);
        expect(partitionOf(key, partitions)).toBe(partition);
      }),
    );
  });

  it('spreads keys over all partitions', () => {
    const counts = new Array<number>(12).fill(0);
    for (let user = 0; user < 12_000; user++) {
      const partition = partitionOf(`tenant/user-${user}`, 12);
      counts[partition] = (counts[partition] ?? 0) + 1;
    }
    expect(Math.min(...counts)).toBeGreaterThan(800);
    expect(Math.max(...counts)).toBeLessThan(1_200);
  });
});
