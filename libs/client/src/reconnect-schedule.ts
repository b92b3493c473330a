export const RECONNECT = {
  baseMs: 500,
  capMs: 60_000,
  /** A connection that held for this long ends the series of failures. */
  stableMs: 30_000,
} as const;

/**
 * How long to wait before the next attempt, full jitter: anything from nothing to the doubled-each-time bound, so that clients that lost the same server
 * do not come back together. What the server asked for (`goodbye`) goes first.
 */
export function reconnectDelayMs(failures: number, random: () => number, askedMs: number | undefined): number {
  if (askedMs !== undefined) return askedMs;
  const bound = Math.min(RECONNECT.capMs, RECONNECT.baseMs * 2 ** Math.min(failures, 20));
  return Math.floor(random() * bound);
}
