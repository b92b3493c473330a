import { ProblemError } from '@belfry/runtime';

/** How deep arrays and objects may lie in each other. Writing JSON recurses, here and in every reader: without a bound, a body of `[` ends in a stack overflow. */
export const MAX_NESTING = 64;

/** The problem of a body that is nested too deeply; undefined when it is not. */
export function nestingProblem(body: unknown): ProblemError | undefined {
  let containers = [body].filter(isContainer);
  for (let depth = 1; containers.length > 0; depth++) {
    if (depth > MAX_NESTING) {
      const detail = `Arrays and objects are nested more than ${MAX_NESTING} levels deep.`;
      return new ProblemError('validation_failed', { detail, field: '', limit: MAX_NESTING });
    }
    containers = containers.flatMap((container) => Object.values(container)).filter(isContainer);
  }
  return undefined;
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
