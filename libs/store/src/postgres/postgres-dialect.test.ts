import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toStorable } from './postgres-dialect.ts';

describe('toStorable', () => {
  it.each([
    ['plain', 'plain'],
    ['a\0b\0', 'a\uFFFDb\uFFFD'],
    ['\uD83D', '\uFFFD'],
    ['\uDE00\uD83D', '\uFFFD\uFFFD'],
    ['😀', '😀'],
  ])('stores %j as %j', (text, stored) => {
    expect(toStorable(text)).toBe(stored);
  });

  it('leaves text that PostgreSQL takes as it is, and makes any other such', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const stored = toStorable(text);
        expect(stored.isWellFormed() && !stored.includes('\0')).toBe(true);
        if (!text.includes('\0')) expect(stored).toBe(text);
      }),
    );
  });
});
