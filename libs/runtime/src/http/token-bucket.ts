import type { Clock } from '@belfry/core/clock';

export type RateLimit = {
  readonly ratePerSecond: number;
  /** Requests that may come at once after a pause; ≥ 1. */
  readonly burst: number;
};

export type TokenBuckets = {
  /** Takes one token of that name: 0 when there was one, else the milliseconds until there will be. */
  take(name: string): number;
};

const SWEEP_EVERY = 1_000;
/** Refills are sums of fractions: without it, whoever waits exactly as long as told may find a billionth of a token missing. */
const ROUNDING = 1e-9;

/** A token bucket per name, in this process. Full buckets are forgotten, so memory follows the names that are in use. */
export function createTokenBuckets({ ratePerSecond, burst }: RateLimit, clock: Clock): TokenBuckets {
  const buckets = new Map<string, { tokens: number; atMs: number }>();
  const refilled = (bucket: { tokens: number; atMs: number }, nowMs: number) =>
    Math.min(burst, bucket.tokens + ((nowMs - bucket.atMs) / 1_000) * ratePerSecond);
  let taken = 0;

  const sweep = (nowMs: number) => {
    for (const [name, bucket] of buckets) if (refilled(bucket, nowMs) >= burst) buckets.delete(name);
  };
  return {
    take(name) {
      const nowMs = clock.monotonicMs();
      taken += 1;
      if (taken % SWEEP_EVERY === 0) sweep(nowMs);
      const known = buckets.get(name);
      const tokens = known === undefined ? burst : refilled(known, nowMs);
      if (tokens < 1 - ROUNDING) return Math.ceil(((1 - tokens) / ratePerSecond) * 1_000);
      buckets.set(name, { tokens: tokens - 1, atMs: nowMs });
      return 0;
    },
  };
}
