import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc32c } from './crc32c.ts';

const ascending = Uint8Array.from({ length: 32 }, (_, index) => index);

describe('crc32c', () => {
  it.each([
    ['the check value', new TextEncoder().encode('123456789'), 0xe3069283],
    ['32 zeros', new Uint8Array(32), 0x8a9136aa],
    ['32 ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ['ascending', ascending, 0x46dd794e],
    ['descending', ascending.toReversed(), 0x113fdb5c],
    ['nothing', new Uint8Array(0), 0],
  ])('agrees with RFC 3720 on %s', (_, bytes, expected) => {
    expect(crc32c(bytes)).toBe(expected);
  });

  it('can be continued at any point', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(64), (bytes, cut) => {
        const middle = Math.min(cut, bytes.length);
        expect(crc32c(bytes, middle, bytes.length, crc32c(bytes, 0, middle))).toBe(crc32c(bytes));
      }),
    );
  });
});
