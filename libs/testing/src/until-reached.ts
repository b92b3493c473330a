import { setTimeout as pause } from 'node:timers/promises';

export type UntilReachedOptions = {
  /** What is done with what is counted, for the error: `committed`. */
  readonly what: string;
  readonly stuckMs: number;
  readonly everyMs: number;
};

/** Resolves with the count once it is `wanted` or more. Rejects when it has not grown for `stuckMs`: what was broken does not come back. */
export async function untilReached(
  read: () => number | Promise<number>,
  wanted: number,
  { what, stuckMs, everyMs }: UntilReachedOptions,
): Promise<number> {
  let most = -1;
  let grownMs = performance.now();
  for (;;) {
    const count = await read();
    if (count >= wanted) return count;
    if (count > most) grownMs = performance.now();
    most = count;
    if (performance.now() - grownMs > stuckMs) throw new Error(`nothing is ${what} any more after ${count}`);
    await pause(everyMs);
  }
}
