import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bytes } from './config-type.ts';
import { parseDuration } from './duration.ts';
import { formatBytes, formatDuration } from './format-quantity.ts';

it('writes every duration so that it is read back', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 999_999_999 }),
      fc.constantFrom(1, 1_000, 60_000, 3_600_000),
      (amount, unit) => {
        const durationMs = (amount % 10_000) * unit;
        expect(parseDuration(formatDuration(durationMs))).toBe(durationMs);
      },
    ),
    { numRuns: 200 },
  );
});

it('writes every size so that it is read back', () => {
  const type = bytes({ min: 0, max: 2 ** 40 });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 38 }), (size) => {
      expect(type.parse(formatBytes(size))).toEqual({ ok: true, value: size });
    }),
    { numRuns: 200 },
  );
});
