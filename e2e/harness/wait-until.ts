import { setTimeout as pause } from 'node:timers/promises';

export type WaitOptions = { readonly timeoutMs?: number; readonly everyMs?: number; readonly what?: string };

/** The first value that is not undefined or false. Throws with `what` (or the last error) when the time is up. */
export async function waitUntil<T>(
  look: () => Promise<T | undefined | false> | T | undefined | false,
  options: WaitOptions = {},
): Promise<T> {
  const { timeoutMs = 30_000, everyMs = 25, what = 'the condition' } = options;
  const endMs = performance.now() + timeoutMs;
  let last: unknown;
  while (performance.now() < endMs) {
    try {
      const value = await look();
      if (value !== undefined && value !== false) return value;
    } catch (error) {
      last = error;
    }
    await pause(everyMs);
  }
  throw new Error(`${what}: not within ${timeoutMs} ms`, { cause: last });
}
