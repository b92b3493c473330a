import { UNAVAILABLE_CODES, UnavailableError } from '@belfry/core/unavailable-error';
import { ERRORS } from '@belfry/protocol/errors';
import { describe, expect, it } from 'vitest';
import { errorAnswer } from './error-answer.ts';
import { ProblemError, problemDocument, problemHeaders } from './problem.ts';

describe('errorAnswer', () => {
  it.each(UNAVAILABLE_CODES)('takes %s for an outage, also when it has lost its class on the way', (code) => {
    const named = code.replaceAll('-', '_');
    for (const error of [new UnavailableError(code, 'away'), Object.assign(new Error('away'), { code })]) {
      expect(errorAnswer(error, 1)).toEqual({ code: named, options: { retryAfterSeconds: 5 }, fault: true });
      expect(named in ERRORS).toBe(true);
    }
  });

  it.each([
    new Error('x'),
    new TypeError('x'),
    Object.assign(new Error('x'), { code: 'toString' }),
    'text',
    null,
    undefined,
  ])('takes anything else for a bug: %s', (error) => {
    expect(errorAnswer(error, 1)).toEqual({ code: 'internal_error', options: {}, fault: true });
  });

  it('knows a problem by its name, so that two copies of the class do no harm', () => {
    const copy = Object.assign(new Error('no'), {
      name: 'ProblemError',
      code: 'not_found',
      options: {},
      statusCode: 404,
    });
    expect(errorAnswer(copy, 1)).toEqual({ code: 'not_found', options: {}, fault: false });
  });
});

describe('ProblemError', () => {
  it('becomes a document and headers', () => {
    const { code, options } = new ProblemError('rate_limited', {
      limit: 10,
      retryAfterSeconds: 0.2,
      headers: { allow: 'GET' },
    });
    expect(problemDocument(code, options, 'r1')).toEqual({
      type: '/docs/errors#rate_limited',
      title: 'Too many requests',
      status: 429,
      code: 'rate_limited',
      limit: 10,
      requestId: 'r1',
    });
    expect(problemHeaders(options)).toEqual({ allow: 'GET', 'retry-after': '1' });
  });
});
