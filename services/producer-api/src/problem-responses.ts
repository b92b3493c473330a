import { ERRORS, type ErrorCode } from '@belfry/protocol/errors';
import { z } from 'zod';

const codes = Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]];

/** RFC 9457, as libs/runtime writes it. Only documents the answer: problems do not pass through a route's serializer. */
const problemSchema = z.object({
  type: z.string().describe('Where the code is explained'),
  title: z.string(),
  status: z.int(),
  code: z.enum(codes),
  detail: z.string().optional(),
  field: z.string().optional().describe('JSON pointer into the body, or `query:`, `path:`, `header:` and a name'),
  limit: z.union([z.number(), z.string()]).optional().describe('The limit that was broken'),
  requestId: z.string().optional(),
});

type ProblemResponse = {
  readonly description: string;
  readonly content: { readonly 'application/problem+json': { readonly schema: typeof problemSchema } };
};
type ProblemStatus = (typeof ERRORS)[ErrorCode]['status'];

/** What every route that looks at a credential may answer. */
const EVERYWHERE: readonly ErrorCode[] = [
  'validation_failed',
  'unauthenticated',
  'forbidden',
  'rate_limited',
  'internal_error',
  'store_unavailable',
  'token_keys_unavailable',
];

const BODY: readonly ErrorCode[] = ['invalid_json', 'body_too_large', 'unsupported_media_type'];
const IDEMPOTENCY: readonly ErrorCode[] = ['idempotency_key_invalid', 'request_in_progress', 'idempotency_key_reused'];

/** The headers of a repeatable route. The key itself is checked by the idempotency hook of libs/runtime. */
export const repeatableHeaders = z.looseObject({
  'idempotency-key': z
    .string()
    .optional()
    .describe(
      '1 to 255 visible ASCII characters. For 24 hours the same request under the same key gets the same answer, with `Idempotency-Replayed: true`.',
    ),
});

/**
 * The problem answers of a route for its OpenAPI document: the named codes and those that any route has, grouped by status. To the type checker it is
 * empty: handlers throw problems, and what they return is checked against the route's own answers alone.
 */
export function problemResponses(...named: readonly ErrorCode[]): Readonly<Record<never, ProblemResponse>> {
  return onlyProblemResponses(...EVERYWHERE, ...named);
}

/** The same for a repeatable route: what the Idempotency-Key may come to, and what any body may. */
export function repeatableProblemResponses(...named: readonly ErrorCode[]): Readonly<Record<never, ProblemResponse>> {
  return problemResponses(...BODY, ...IDEMPOTENCY, ...named);
}

/** The same for any other route with a body. */
export function bodyProblemResponses(...named: readonly ErrorCode[]): Readonly<Record<never, ProblemResponse>> {
  return problemResponses(...BODY, ...named);
}

/** The same for a route that looks at no credential: the named codes alone. */
export function onlyProblemResponses(...named: readonly ErrorCode[]): Readonly<Record<never, ProblemResponse>> {
  const responses: { [Status in ProblemStatus]?: ProblemResponse } = {};
  for (const code of named) {
    const { status, title } = ERRORS[code];
    const line = `\`${code}\`: ${title}.`;
    const before = responses[status]?.description;
    responses[status] = {
      description: before === undefined ? line : `${before} ${line}`,
      content: { 'application/problem+json': { schema: problemSchema } },
    };
  }
  return responses;
}
