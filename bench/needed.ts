import type { Found } from '@belfry/testing/need';

/** Exit code of a bench that this machine lacks something for. */
export const CANNOT_RUN = 69;

/** What was found; where it was not, says what is missing and ends the process. */
export function needed<T>(what: string, found: Found<T>): T {
  if (found.ok) return found.value;
  console.error(`this bench needs ${what}: ${found.reason}`);
  process.exit(CANNOT_RUN);
}
