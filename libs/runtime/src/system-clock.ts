import { performance } from 'node:perf_hooks';
import type { Cancel, Clock } from '@belfry/core/clock';

/** Node clamps a longer timeout to 1 ms with only a warning, which would turn a far deadline into one that has passed. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/** The machine's clock and timers. Timers keep the process alive until they run or are cancelled. */
export function createSystemClock(): Clock {
  return {
    nowMs: () => Date.now(),
    monotonicMs: () => performance.now(),
    schedule,
  };
}

function schedule(delayMs: number, task: () => void): Cancel {
  const dueMs = performance.now() + Math.max(0, delayMs);
  let handle: NodeJS.Timeout;
  const arm = () => {
    // Node measures from the start of the loop turn and rounds down, so a timer may fire up to a millisecond early: look again.
    const leftMs = dueMs - performance.now();
    if (leftMs <= 0) return task();
    handle = setTimeout(arm, Math.min(Math.ceil(leftMs), LONGEST_TIMEOUT_MS));
  };
  handle = setTimeout(arm, Math.min(Math.ceil(Math.max(0, delayMs)), LONGEST_TIMEOUT_MS));
  return () => clearTimeout(handle);
}
