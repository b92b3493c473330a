import type { Cancel, Clock } from '@belfry/core/clock';

export type FakeClock = Clock & {
  /**
   * Moves time forward by `ms`, running every task that falls due on the way, in order of due time and then of scheduling. After each
   * task, and once before the first, the event loop turns, so that what the task resolved has run (and may have scheduled
   * more, which still runs if due) before time moves on.
   */
  advance(ms: number): Promise<void>;
  /** Lets promises and immediates settle without moving time. */
  settle(): Promise<void>;
  /** Makes the wall clock jump, as an administrator or NTP would; monotonic time and waits are not touched. */
  jumpWallClock(ms: number): void;
  /** Tasks scheduled and neither run nor cancelled. */
  readonly pending: number;
};

export type FakeClockOptions = {
  /** Wall-clock milliseconds at the start; default 2026-01-01T00:00:00Z. */
  readonly startMs?: number;
};

type Scheduled = { readonly dueMs: number; readonly task: () => void };

const DEFAULT_START_MS = Date.UTC(2026, 0, 1);

/** A clock that stands still until a test moves it. */
export function createFakeClock(options: FakeClockOptions = {}): FakeClock {
  let wallOffsetMs = options.startMs ?? DEFAULT_START_MS;
  let elapsedMs = 0;
  const queue: Scheduled[] = [];

  const schedule = (delayMs: number, task: () => void): Cancel => {
    const entry: Scheduled = { dueMs: elapsedMs + Math.max(0, delayMs), task };
    const later = queue.findIndex((other) => other.dueMs > entry.dueMs);
    queue.splice(later === -1 ? queue.length : later, 0, entry);
    return () => {
      const at = queue.indexOf(entry);
      if (at !== -1) queue.splice(at, 1);
    };
  };

  return {
    nowMs: () => wallOffsetMs + elapsedMs,
    monotonicMs: () => elapsedMs,
    schedule,
    settle: turnEventLoop,
    jumpWallClock: (ms) => {
      wallOffsetMs += ms;
    },
    get pending() {
      return queue.length;
    },
    async advance(ms) {
      const untilMs = elapsedMs + ms;
      await turnEventLoop();
      for (;;) {
        const next = queue[0];
        if (next === undefined || next.dueMs > untilMs) break;
        queue.shift();
        elapsedMs = next.dueMs;
        next.task();
        await turnEventLoop();
      }
      elapsedMs = untilMs;
    },
  };
}

/** Every pending promise reaction runs before the first immediate; the second lets an immediate that the code under test set run too. */
async function turnEventLoop(): Promise<void> {
  await nextImmediate();
  await nextImmediate();
}

function nextImmediate(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
