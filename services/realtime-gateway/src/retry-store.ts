import { type Clock, sleep } from '@belfry/core/clock';
import type { Random } from '@belfry/core/random';
import { isUnavailable } from '@belfry/core/unavailable-error';

const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5_000;

export type RetryStore = <Result>(call: () => Promise<Result>, signal: AbortSignal) => Promise<Result | undefined>;

/**
 * Repeats a call while the store is unavailable, with full jitter up to 5 s: a connection outlives an outage of the store. undefined when `signal` aborted
 * first. Other errors are bugs and pass through.
 */
export function createRetryStore(clock: Clock, random: Random): RetryStore {
  return async (call, signal) => {
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        return await call();
      } catch (error) {
        if (!isUnavailable(error)) throw error;
      }
      const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(failures, 10));
      await sleep(clock, FIRST_WAIT_MS + random.next() * longest, signal);
    }
    return undefined;
  };
}
