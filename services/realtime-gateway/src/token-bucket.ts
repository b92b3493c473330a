/** A bucket of tokens that refills with time. */
export type TokenBucket = { readonly tokens: number; readonly atMs: number };

export type TokenBucketRate = { readonly burst: number; readonly perMinute: number };

/** Takes one token. undefined when there is none: the caller keeps its old bucket. */
export function takeToken(bucket: TokenBucket, nowMs: number, rate: TokenBucketRate): TokenBucket | undefined {
  const refilled = bucket.tokens + (Math.max(0, nowMs - bucket.atMs) * rate.perMinute) / 60_000;
  const tokens = Math.min(rate.burst, refilled);
  return tokens < 1 ? undefined : { tokens: tokens - 1, atMs: nowMs };
}
