import { LIMITS } from './limits.ts';

/**
 * Whether arrays and objects lie in each other deeper than `LIMITS.nesting`. Writing JSON recurses, here and in every reader: without a bound, a value of `[` ends in
 * a stack overflow. Does not recurse itself.
 */
export function isNestedTooDeep(value: unknown): boolean {
  let containers = [value].filter(isContainer);
  for (let depth = 1; containers.length > 0; depth++) {
    if (depth > LIMITS.nesting) return true;
    containers = containers.flatMap((container) => Object.values(container)).filter(isContainer);
  }
  return false;
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
