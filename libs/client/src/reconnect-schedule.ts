/** How far reconnects are spread, in milliseconds. */
export type ReconnectBounds = {
  /** The first wait lasts at most this long; the bound doubles from failure to failure. */
  readonly baseMs: number;
  /** No wait lasts longer. */
  readonly maxMs: number;
};

export const RECONNECT: ReconnectBounds = { baseMs: 500, maxMs: 60_000 };
/** A connection that held for this long ends the series of failures. */
export const STABLE_MS = 30_000;

/** Throws a RangeError that names the option. 0 is refused: a gateway that is away would be asked without a pause. */
export function checkReconnectBounds(given: Partial<ReconnectBounds> = {}): ReconnectBounds {
  const { baseMs = RECONNECT.baseMs, maxMs = Math.max(RECONNECT.maxMs, baseMs) } = given;
  // A timer's delay is a 32-bit number; beyond it the task would run at once.
  if (!(baseMs >= 1 && baseMs <= 2 ** 31 - 1)) throw new RangeError('belfry: reconnect.baseMs must be 1 to 2147483647');
  if (!(maxMs >= baseMs && maxMs <= 2 ** 31 - 1))
    throw new RangeError('belfry: reconnect.maxMs must be reconnect.baseMs to 2147483647');
  return { baseMs, maxMs };
}

/**
 * How long to wait before the next attempt, full jitter: anything from nothing to the doubled-each-time bound, so that clients that lost the same server
 * do not come back together. What the server asked for (`goodbye`) goes first.
 */
export function reconnectDelayMs(
  failures: number,
  random: () => number,
  askedMs: number | undefined,
  { baseMs, maxMs }: ReconnectBounds = RECONNECT,
): number {
  if (askedMs !== undefined) return askedMs;
  const bound = Math.min(maxMs, baseMs * 2 ** Math.min(failures, 20));
  return Math.floor(random() * bound);
}
