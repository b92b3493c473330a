import { type Clock, sleep } from '@belfry/core/clock';
import type { Logger } from '@belfry/runtime';

export type WaitForOptions = {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Gives up when this many milliseconds have passed since the call. */
  readonly withinMs: number;
};

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;

/**
 * Opens a backend that may not be there yet: tries again with growing pauses and says each time what it waits for and why. Rejects with the last reason when the
 * time is up. Every failure is taken for "not yet", since a broker that still elects, or a database whose users are still being made, refuses in any way it likes.
 */
export async function waitFor<T>(what: string, open: () => Promise<T>, options: WaitForOptions): Promise<T> {
  const { clock, logger, withinMs } = options;
  const startedMs = clock.monotonicMs();
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)) {
    try {
      return await open();
    } catch (cause) {
      const waitedMs = Math.round(clock.monotonicMs() - startedMs);
      if (waitedMs + pauseMs > withinMs) {
        throw new Error(`${what}: no success within ${Math.round(withinMs / 1_000)} s: ${reasonOf(cause)}`, { cause });
      }
      logger.warn({ waitedMs, againInMs: pauseMs, reason: reasonOf(cause) }, `waiting for ${what}`);
      await sleep(clock, pauseMs);
    }
  }
}

/** An error of several attempts (one per address of a name) has no message of its own. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
