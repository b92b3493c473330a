import { ProblemError } from '@belfry/runtime';

/** How deep arrays and objects may lie in each other. Checking a schema recurses; without a bound a few kilobytes of `[` end it with a stack overflow. */
export const MAX_NESTING = 64;

/** The problem of a body that is nested too deeply; undefined when it is not. */
export function nestingProblem(body: unknown): ProblemError | undefined {
  let level: readonly unknown[] = [body];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_NESTING) {
      const detail = `Arrays and objects are nested more than ${MAX_NESTING} levels deep.`;
      return new ProblemError('validation_failed', { detail, field: '', limit: MAX_NESTING });
    }
    level = level.flatMap((value) => (typeof value === 'object' && value !== null ? Object.values(value) : []));
  }
  return undefined;
}
