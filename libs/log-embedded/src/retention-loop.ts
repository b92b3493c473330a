import type { Cancel, Clock } from '@belfry/core/clock';

export type RetentionLoop = {
  /** Runs now, until nothing more is to be removed. Returns the number of records removed. */
  run(): Promise<number>;
  stop(): void;
};

export type RetentionLoopOptions = {
  readonly clock: Clock;
  readonly intervalMs: number;
  /** Removes one chunk; 0 when there was nothing to remove. */
  readonly trim: () => Promise<number>;
  readonly onFailure: (error: unknown) => void;
};

/** Removes what has expired, chunk by chunk so that appends get in between, now and then. */
export function startRetentionLoop({ clock, intervalMs, trim, onFailure }: RetentionLoopOptions): RetentionLoop {
  let cancel: Cancel = () => {};
  let stopped = false;
  const run = async () => {
    let removed = 0;
    for (let chunk = -1; chunk !== 0 && !stopped; removed += chunk) chunk = await trim();
    return removed;
  };
  const plan = () => {
    if (stopped) return;
    cancel = clock.schedule(intervalMs, () => {
      run().then(plan, (error) => {
        onFailure(error);
        plan();
      });
    });
  };
  plan();
  return {
    run,
    stop() {
      stopped = true;
      cancel();
    },
  };
}
