import type { TenantId } from '../notification.ts';

export type IdempotencyClaim = {
  readonly tenant: TenantId;
  /** 1–255 visible ASCII characters, prefixed with method and route so that one key never answers for two endpoints. */
  readonly key: string;
  readonly bodyHash: string;
  /** 16 random bytes, hex. The first claim's seed is kept, so a take-over derives the same ids. */
  readonly seed: string;
};

export type StoredResponse = { readonly status: number; readonly body: string };

export type IdempotencyClaimed =
  | { readonly kind: 'claimed'; readonly seed: string; readonly takenOver: boolean }
  | { readonly kind: 'replay'; readonly response: StoredResponse }
  | { readonly kind: 'mismatch' }
  | { readonly kind: 'running'; readonly retryAfterMs: number };

export type IdempotencyStore = {
  /** First come, first served. A claim that has been running for more than 10 s belongs to a dead process and is taken over. */
  claimIdempotencyKey(claim: IdempotencyClaim): Promise<IdempotencyClaimed>;
  completeIdempotencyKey(tenant: TenantId, key: string, response: StoredResponse): Promise<void>;
  /** Forgets a claim whose request had no effect, so that a corrected one may use the key again. */
  releaseIdempotencyKey(tenant: TenantId, key: string): Promise<void>;
};

/** Keys are forgotten after this; a repeat later than that is a new request. */
export const IDEMPOTENCY_KEY_TTL_MS = 24 * 60 * 60 * 1_000;
