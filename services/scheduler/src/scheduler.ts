import { type Clock, sleep } from '@belfry/core/clock';
import type { Log } from '@belfry/core/log';
import type { Service } from '@belfry/core/service';
import type { RetentionSettings } from '@belfry/core/store/retention';
import type { Store } from '@belfry/core/store/store';
import { createExpireUnseen, createReleaseTimers, type ReceiptFeed } from '@belfry/dispatch';
import type { Logger, Metrics } from '@belfry/runtime';
import { createLoop } from './loop.ts';

export type SchedulerDeps = {
  readonly log: Log;
  readonly store: Store;
  /** One that drops what the log does not take: nothing waits for it here but the end of the process. */
  readonly receipts: ReceiptFeed;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly retention: RetentionSettings;
};

/** A timer written by another process is noticed within this time; the bound on how late a retry is on an idle system. */
const LOOK_INTERVAL_MS = 200;
/** How late a realtime delivery that nobody was shown becomes `expired`, besides the grace. */
const EXPIRY_INTERVAL_MS = 1_000;
const PURGE_INTERVAL_MS = 60_000;
/** Between two steps of a long purge or expiry: other calls have their turn. */
const STEP_PAUSE_MS = 100;
const PURGE_ROWS = 1_000;

export function createScheduler(deps: SchedulerDeps): Service[] {
  const { log, store, receipts, clock, metrics, logger, retention } = deps;
  const release = createReleaseTimers(store, log, ({ dueAtMs }) => {
    metrics.timersReleased.inc({ kind: 'delivery' });
    metrics.timerLateSeconds.observe({ kind: 'delivery' }, Math.max(0, clock.nowMs() - dueAtMs) / 1_000);
  });
  const timers = createLoop('timer-release', clock, logger, async (signal) => {
    const released = await release();
    if (released > 0) return;
    const nextInMs = await store.nextTimerInMs();
    await sleep(clock, Math.min(LOOK_INTERVAL_MS, Math.max(1, nextInMs ?? LOOK_INTERVAL_MS)), signal);
  });
  const retentionLoop = createLoop('retention', clock, logger, async (signal) => {
    const more = await store.purge(retention, PURGE_ROWS);
    await sleep(clock, more ? STEP_PAUSE_MS : PURGE_INTERVAL_MS, signal);
  });
  const expire = createExpireUnseen(store, receipts);
  const expiry = createLoop('expiry', clock, logger, async (signal) => {
    const more = await expire();
    await sleep(clock, more ? STEP_PAUSE_MS : EXPIRY_INTERVAL_MS, signal);
  });
  const told: Service = {
    name: 'expiry-receipts',
    start: async () => {},
    stop: () => receipts.flushed(),
  };
  return [told, timers, retentionLoop, expiry];
}
