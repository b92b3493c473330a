import type { Random } from '@belfry/core/random';

/** How often something that keeps failing is tried again, and when that has lasted too long. */
export type RestartPolicy = {
  /** It has failed after it had worked for `workedMs`. Returns the pause before the next try in milliseconds, or `fatal`. */
  failed(nowMs: number, workedMs: number): number | 'fatal';
  /** It failed for a reason that is not its own: what was counted is forgotten. */
  excused(): void;
};

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;
/** Whoever has worked this long was stopped by something new: a broker that left, say, and in a rolling restart each of them does. */
const HEALTHY_MS = 5_000;
const FEWEST_FAILURES = 5;

/** Fatal are at least five failures in a row over at least `fatalAfterMs`, none of them after five seconds of work. */
export function createRestartPolicy(fatalAfterMs: number, random: Random | undefined): RestartPolicy {
  let failures = 0;
  let firstMs = 0;
  return {
    failed(nowMs, workedMs) {
      if (workedMs >= HEALTHY_MS) failures = 0;
      if (failures === 0) firstMs = nowMs;
      failures++;
      if (failures >= FEWEST_FAILURES && nowMs - firstMs >= fatalAfterMs) return 'fatal';
      return pauseAfterMs(failures, random);
    },
    excused() {
      failures = 0;
    },
  };
}

/** The pause after that many failures (≥ 1): 200 ms, doubling up to 5 s; jitter adds up to a quarter, so that not all come back at once. */
export function pauseAfterMs(failures: number, random: Random | undefined): number {
  const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures - 1, 10));
  return pauseMs * (1 + 0.25 * (random?.next() ?? 0));
}
