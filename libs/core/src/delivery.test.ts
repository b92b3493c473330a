import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deliveryId } from './delivery.ts';

describe('deliveryId', () => {
  it('is 22 characters of base64url and does not change over releases', () => {
    expect(deliveryId('default', 'n1', 'alice', 'webpush', 'device-1')).toMatch(/^[\w-]{22}$/);
    expect(deliveryId('default', 'n1', 'alice', 'webpush', 'device-1')).toBe('kPZ8xsy53leNSyn3oXRpnA');
  });

  it('tells every two tuples apart, also where their parts run together', () => {
    const part = fc.string({ maxLength: 4 });
    const tuple = fc.tuple(
      part,
      part,
      part,
      fc.constantFrom('realtime' as const, 'webpush' as const, 'fcm' as const),
      part,
    );
    fc.assert(
      fc.property(tuple, tuple, (one, other) => {
        const same = one.every((each, index) => each === other[index]);
        return (deliveryId(...one) === deliveryId(...other)) === same;
      }),
    );
  });
});
