import { LIMITS } from '@belfry/protocol/limits';
import { describe, expect, it } from 'vitest';
import { nestingProblem } from './nesting.ts';

const MAX_NESTING = LIMITS.nesting;

function nested(levels: number): unknown {
  return JSON.parse('['.repeat(levels) + ']'.repeat(levels));
}

describe('nestingProblem', () => {
  it.each([null, 1, 'x', {}, [], { a: [{ b: 1 }] }, nested(MAX_NESTING)])('lets %j through', (body) => {
    expect(nestingProblem(body)).toBeUndefined();
  });

  it('names the limit, however deep', () => {
    for (const levels of [MAX_NESTING + 1, 100_000]) {
      expect(nestingProblem(nested(levels))).toMatchObject({
        code: 'validation_failed',
        options: { limit: MAX_NESTING },
      });
    }
  });
});
