import { LIMITS } from '@belfry/protocol/limits';
import { isNestedTooDeep } from '@belfry/protocol/nesting';
import { ProblemError } from '@belfry/runtime';

/** The problem of a body that is nested too deeply; undefined when it is not. */
export function nestingProblem(body: unknown): ProblemError | undefined {
  if (!isNestedTooDeep(body)) return undefined;
  const detail = `Arrays and objects are nested more than ${LIMITS.nesting} levels deep.`;
  return new ProblemError('validation_failed', { detail, field: '', limit: LIMITS.nesting });
}
