import type { Clock } from '@belfry/core/clock';

/** The machine's own clock, for tests over real sockets. Everything else takes a fake one. */
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
