import type { Log } from '@belfry/core/log';
import type { Store } from '@belfry/core/store/store';
import { type ClaimedTimer, TIMER_LEASE_MS } from '@belfry/core/store/timers';
import { createDeliveryAppender } from './delivery-appender.ts';

/** Timers claimed at once. */
const CLAIM = 500;

/**
 * Puts deliveries whose wait is over back on their topics: claim → append → remove. A crash between the steps appends twice, never not at all; no transaction is held
 * across the append. Returns how many were released, so that the caller can go on at once while there are more.
 */
export function createReleaseTimers(
  store: Pick<Store, 'claimDueTimers' | 'removeTimers'>,
  log: Pick<Log, 'append'>,
  onReleased: (timer: ClaimedTimer) => void = () => {},
): () => Promise<number> {
  const append = createDeliveryAppender(log);
  return async () => {
    const timers = await store.claimDueTimers(CLAIM, TIMER_LEASE_MS);
    if (timers.length === 0) return 0;
    await Promise.all(timers.map((timer) => append(timer.delivery)));
    await store.removeTimers(timers);
    for (const timer of timers) onReleased(timer);
    return timers.length;
  };
}
