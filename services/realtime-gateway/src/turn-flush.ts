/** Collects what has something to write and lets each write once when the event loop has handled all that arrived in this turn. */
export type TurnFlush = { add(flush: () => void): void };

/**
 * Coalescing is what a fan-out costs or saves: the price is a system call per write, so the frames that one turn brings to a connection leave in
 * one. An immediate and not a timer: a timer would only add delay, and where one frame is waiting this adds none.
 */
export function createTurnFlush(): TurnFlush {
  let waiting: (() => void)[] = [];
  const flushAll = (): void => {
    const due = waiting;
    waiting = [];
    for (const flush of due) flush();
  };
  return {
    add(flush) {
      if (waiting.length === 0) setImmediate(flushAll);
      waiting.push(flush);
    },
  };
}
