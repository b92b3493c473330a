/** Time, as the client needs it; tests hand in their own. */
export type ClientClock = {
  /** Milliseconds that never go back. */
  monotonicMs(): number;
  /** Runs `task` once after `delayMs`. The returned function cancels it. */
  schedule(delayMs: number, task: () => void): () => void;
};

export const browserClock: ClientClock = {
  monotonicMs: () => performance.now(),
  schedule(delayMs, task) {
    const handle = setTimeout(task, delayMs);
    return () => clearTimeout(handle);
  },
};

export const browserRandom = (): number => Math.random();
