import { type Clock, sleep } from '@belfry/core/clock';
import type { Log } from '@belfry/core/log';
import type { Service } from '@belfry/core/service';
import type { RetentionSettings } from '@belfry/core/store/retention';
import type { Store } from '@belfry/core/store/store';
import { createReleaseTimers } from '@belfry/dispatch';
import type { Logger, Metrics } from '@belfry/runtime';
import { createLoop } from './loop.ts';

export type SchedulerDeps = {
  readonly log: Log;
  readonly store: Store;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly retention: RetentionSettings;
};

/** A timer written by another process is noticed within this time; the bound on how late a retry is on an idle system. */
const LOOK_INTERVAL_MS = 200;
const PURGE_INTERVAL_MS = 60_000;
const PURGE_ROWS = 1_000;

export function createScheduler(deps: SchedulerDeps): Service[] {
  const { log, store, clock, metrics, logger, retention } = deps;
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
    await sleep(clock, more ? 100 : PURGE_INTERVAL_MS, signal);
  });
  return [timers, retentionLoop];
}
