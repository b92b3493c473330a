import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatHint, hintAddress, parseHint } from './hint-wire.ts';

const text = fc.string({ unit: 'binary' });

it('gives every hint back as it was', () => {
  fc.assert(
    fc.property(
      fc.nat(Number.MAX_SAFE_INTEGER).filter((offset) => offset < 1e15),
      text,
      (offset, frame) => {
        expect(parseHint(formatHint({ offset, frame }))).toEqual({ offset, frame });
        expect(parseHint(formatHint({ offset }))).toEqual({ offset });
      },
    ),
  );
});

it('has one address per user', () => {
  fc.assert(
    fc.property(text, text, text, text, (tenant, user, otherTenant, otherUser) => {
      const isSame = tenant === otherTenant && user === otherUser;
      expect(hintAddress(tenant, user) === hintAddress(otherTenant, otherUser)).toBe(isSame);
    }),
  );
  expect(hintAddress('a/b', 'c')).not.toBe(hintAddress('a', 'b/c'));
});

it.each(['', ':', 'frame', '-1', '1.5:frame', ' 1', '1 ', '1e3', '99999999999999999', '{"offset":1}'])(
  'does not take %j for a hint',
  (bad) => expect(parseHint(bad)).toBeUndefined(),
);
