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
];

/**
 * The problem answers of a route for its OpenAPI document: the named codes and those that any route has, grouped by status. To the type checker it is
 * empty: handlers throw problems, and what they return is checked against the route's own answers alone.
 */
export function problemResponses(...named: readonly ErrorCode[]): Readonly<Record<never, ProblemResponse>> {
  const responses: { [Status in ProblemStatus]?: ProblemResponse } = {};
  for (const code of [...EVERYWHERE, ...named]) {
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
