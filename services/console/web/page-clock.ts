/** Time in the page. */
export const pageClock = {
  nowMs: (): number => Date.now(),
  after: (delayMs: number, task: () => void): void => void setTimeout(task, delayMs),
  every: (periodMs: number, task: () => void): void => void setInterval(task, periodMs),
};
