import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseHttpDate, parseRetryAfter } from './retry-after.ts';

const NOW = Date.UTC(2026, 10, 21, 12, 0, 0);
const RFC_EXAMPLE = Date.UTC(1994, 10, 6, 8, 49, 37);

describe('parseHttpDate', () => {
  it.each([
    ['Sun, 06 Nov 1994 08:49:37 GMT', RFC_EXAMPLE],
    ['Sunday, 06-Nov-94 08:49:37 GMT', RFC_EXAMPLE],
    ['Sun Nov  6 08:49:37 1994', RFC_EXAMPLE],
    ['Friday, 06-Nov-76 08:49:37 GMT', Date.UTC(2076, 10, 6, 8, 49, 37)],
    ['Saturday, 06-Nov-77 08:49:37 GMT', Date.UTC(1977, 10, 6, 8, 49, 37)],
    ['Sun, 06 Nov 1994 08:49:37 +0100', undefined],
    ['Sun, 06 Nov 1994 24:49:37 GMT', undefined],
    ['Sun, 06 Nix 1994 08:49:37 GMT', undefined],
    ['2026-11-21T12:00:00Z', undefined],
    ['', undefined],
  ])('%s', (text, ms) => {
    expect(parseHttpDate(text, NOW)).toBe(ms);
  });

  it('reads back every second that toUTCString writes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_000_000_000 }), (seconds) => {
        expect(parseHttpDate(new Date(seconds * 1000).toUTCString(), NOW)).toBe(seconds * 1000);
      }),
    );
  });
});

describe('parseRetryAfter', () => {
  const date = (offsetMs: number) => new Date(NOW + offsetMs).toUTCString();
  it.each([
    ['nothing', undefined, undefined, undefined],
    ['seconds', '120', undefined, 120_000],
    ['seconds in spaces', ' 7 ', undefined, 7_000],
    ['more seconds than a number holds', '9'.repeat(40), undefined, 2 ** 31 * 1000],
    ['a fraction', '1.5', undefined, undefined],
    ['a negative number', '-1', undefined, undefined],
    ['a date ahead', date(90_000), undefined, 90_000],
    ['a date past', date(-90_000), undefined, undefined],
    ['zero', '0', undefined, undefined],
    ['a date by a clock that is an hour behind', date(-3_600_000 + 30_000), date(-3_600_000), 30_000],
    ['a date by a clock that is an hour ahead', date(3_600_000 + 30_000), date(3_600_000), 30_000],
    ['a date beside an unreadable Date', date(5_000), 'today', 5_000],
  ])('%s', (_what, value, serverDate, ms) => {
    expect(parseRetryAfter(value, serverDate, NOW)).toBe(ms);
  });
});
