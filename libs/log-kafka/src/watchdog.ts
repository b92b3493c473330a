import type { Cancel, Clock } from '@belfry/core/clock';

/** Notices that something has stopped without a word. */
export type Watchdog = {
  /** It works: begin to count anew. */
  alive(): void;
  /** Something may take this much longer from now on without a word, until the next `alive`. */
  allow(extraMs: number): void;
  stop(): void;
};

export type WatchdogOptions = {
  readonly clock: Clock;
  /** Silence that is still normal, in milliseconds. */
  readonly limitMs: number;
  /** Called again every `limitMs` for as long as the silence lasts. */
  readonly onSilence: (silentMs: number) => void;
};

/** One timer per `limitMs`, not one per sign of life: these come by the thousand. */
export function createWatchdog({ clock, limitMs, onSilence }: WatchdogOptions): Watchdog {
  let aliveMs = clock.monotonicMs();
  let allowedMs = limitMs;
  let cancel: Cancel | undefined;

  const arm = (delayMs: number) => {
    cancel = clock.schedule(delayMs, check);
  };
  const check = () => {
    const silentMs = clock.monotonicMs() - aliveMs;
    if (silentMs < allowedMs) return arm(allowedMs - silentMs);
    arm(limitMs);
    onSilence(silentMs);
  };
  arm(limitMs);

  return {
    alive() {
      aliveMs = clock.monotonicMs();
      allowedMs = limitMs;
    },
    allow(extraMs) {
      aliveMs = clock.monotonicMs();
      allowedMs = limitMs + extraMs;
    },
    stop() {
      cancel?.();
    },
  };
}
