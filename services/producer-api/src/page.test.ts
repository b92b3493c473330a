import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatPageCursor, pageQuery, parsePageCursor } from './page.ts';

describe('page cursor', () => {
  it('gives the position back', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'binary' }), (position) => {
        fc.pre(position.isWellFormed());
        expect(parsePageCursor('deliveries', formatPageCursor('deliveries', position))).toBe(position);
      }),
    );
  });

  it('means the first page when it is absent', () => {
    expect(parsePageCursor('deliveries', undefined)).toBeUndefined();
  });

  it.each([
    ['of another list', formatPageCursor('subscribers', 'alice')],
    ['without a position', formatPageCursor('deliveries', '')],
    ['with something added', `${formatPageCursor('deliveries', 'x')}!`],
    ['with padding', `${formatPageCursor('deliveries', 'ab')}==`],
    ['that is no cursor', '42'],
  ])('refuses one %s', (_name, cursor) => {
    expect(() => parsePageCursor('deliveries', cursor)).toThrow(
      expect.objectContaining({ code: 'cursor_invalid', options: expect.objectContaining({ field: 'query:cursor' }) }),
    );
  });
});

describe('page query', () => {
  it('has 50 items unless told otherwise', () => {
    expect(pageQuery.parse({})).toEqual({ limit: 50 });
    expect(pageQuery.parse({ limit: '200' })).toEqual({ limit: 200 });
  });

  it.each(['0', '201', '1.5', '-1', 'all'])('refuses a limit of "%s"', (limit) => {
    expect(pageQuery.safeParse({ limit }).success).toBe(false);
  });
});
