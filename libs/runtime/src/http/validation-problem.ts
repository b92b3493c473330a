import type { z } from 'zod';
import { ProblemError } from './problem.ts';

/** Part of a request that a schema looks at, in fastify's words. */
export type RequestPart = 'body' | 'querystring' | 'params' | 'headers';

const PART_NAMES = { querystring: 'query', params: 'path', headers: 'header' } as const;

/** The first issue decides: a client mends one field at a time, and later issues are often consequences of the first. */
export function validationProblem(error: z.core.$ZodError, part: RequestPart): ProblemError {
  const issue = firstIssue(error.issues);
  const limit = limitOf(issue);
  return new ProblemError('validation_failed', {
    detail: issue.message,
    field: fieldName(issue, part),
    ...(limit !== undefined && { limit }),
  });
}

type Issue = z.core.$ZodIssue;

/** Of a failed union the alternative that came furthest says most: `/to/users/3` rather than `/to`. */
function firstIssue(issues: readonly Issue[]): Issue {
  const [first] = issues;
  if (first === undefined) return { code: 'custom', path: [], message: 'not valid', input: undefined };
  if (first.code !== 'invalid_union') return first;
  const inner = first.errors.map((alternative) => firstIssue(alternative)).filter((issue) => issue.path.length > 0);
  const deepest = inner.toSorted((a, b) => b.path.length - a.path.length)[0];
  return deepest === undefined ? first : { ...deepest, path: [...first.path, ...deepest.path] };
}

function fieldName(issue: Issue, part: RequestPart): string {
  const path = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0] ?? ''] : issue.path;
  if (part !== 'body') return `${PART_NAMES[part]}:${path.join('.')}`;
  return jsonPointer(path);
}

/** RFC 6901; the empty string is the whole document. */
function jsonPointer(path: readonly PropertyKey[]): string {
  return path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

function limitOf(issue: Issue): number | string | undefined {
  if (issue.code === 'too_big') return Number(issue.maximum);
  if (issue.code === 'too_small') return Number(issue.minimum);
  if (issue.code === 'invalid_value') return issue.values.map(String).join(', ');
  if (issue.code === 'custom' && issue.params !== undefined) {
    const { limit } = issue.params;
    if (typeof limit === 'number' || typeof limit === 'string') return limit;
  }
  return undefined;
}
