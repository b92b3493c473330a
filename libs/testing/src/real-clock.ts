import type { Clock } from '@belfry/core/clock';

/** The machine's own clock, for tests over real sockets and processes. Everything else takes a fake one. */
export function createRealClock(): Clock {
  return {
    nowMs: () => Date.now(),
    monotonicMs: () => performance.now(),
    schedule(delayMs, task) {
      const timer = setTimeout(task, delayMs);
      return () => clearTimeout(timer);
    },
  };
}

/** The same, where one for the whole file will do. */
export const realClock: Clock = createRealClock();
