/**
 * Time as a dependency. Nothing but `libs/runtime` and a `main.ts` may call `Date.now` or `setTimeout`,
 * so that every wait and every deadline can be driven by a test.
 */
export type Clock = {
  /** Wall-clock milliseconds since the Unix epoch. May jump; use it for facts that are stored. */
  nowMs(): number;
  /** Milliseconds that never go back, from an arbitrary origin. Use it to measure how long something took. */
  monotonicMs(): number;
  /**
   * Runs `task` once, no sooner than `delayMs` from now. The returned function cancels it (calling it late is harmless).
   * An exception thrown by `task` is a bug and reaches the process as an uncaught exception.
   */
  schedule(delayMs: number, task: () => void): Cancel;
};

export type Cancel = () => void;

/** Resolves no sooner than `delayMs` from now, or at once when `signal` is aborted. Never rejects. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const finish = () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    };
    const cancel = clock.schedule(delayMs, finish);
    const onAbort = () => {
      cancel();
      finish();
    };
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
