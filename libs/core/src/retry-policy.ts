import type { Outcome } from './outcome.ts';
import type { Random } from './random.ts';

/** How a channel retries. */
export type RetryPolicy = {
  /** Wait before retry 1, 2, …, in milliseconds; its length is the number of retries. */
  readonly scheduleMs: readonly number[];
  /** Share of the wait that jitter may add, 0–1. Jitter only adds: a retry is never early. */
  readonly jitter: number;
  /** No wait is shorter, in milliseconds: the provider's rule wins over the schedule and over its own Retry-After. */
  readonly minWaitMs: number;
};

export const DEFAULT_WEBPUSH_SCHEDULE_MS = [5_000, 30_000, 120_000, 600_000, 3_600_000, 21_600_000] as const;
/** FCM asks to give up on 5xx after 60 minutes and never to come back within 10 s (Firebase: "Scale and best practices"). */
export const DEFAULT_FCM_SCHEDULE_MS = [10_000, 30_000, 120_000, 600_000, 1_800_000] as const;
export const DEFAULT_JITTER = 0.2;

export type ExponentialSchedule = {
  readonly firstMs: number;
  /** What each wait is multiplied by for the next; ≥ 1. */
  readonly factor: number;
  /** No wait is longer. */
  readonly longestMs: number;
  readonly retries: number;
};

/** The waits, as a schedule spells them out: rounded to whole milliseconds. */
export function exponentialSchedule({ firstMs, factor, longestMs, retries }: ExponentialSchedule): readonly number[] {
  return Array.from({ length: retries }, (_, index) => Math.round(Math.min(firstMs * factor ** index, longestMs)));
}

export type Decision =
  | { readonly kind: 'end'; readonly state: 'delivered' | 'expired' | 'superseded'; readonly reason: string }
  | { readonly kind: 'retry'; readonly dueInMs: number; readonly reason: string }
  | { readonly kind: 'dead-letter'; readonly reason: string };

/**
 * What follows from an attempt. Pure: the same arguments always give the same decision.
 *
 * - The wait is the longest of the schedule's entry, the provider's Retry-After, its floor for this answer (which doubles with each attempt) and its least wait of all, plus jitter.
 * - Retry-After is bounded by the deadline only: a wait that ends at or after it ends the delivery as `expired` at once, without the wait.
 * - `unknown` is retried like any failure: the payload carries a stable tag, so a device that got it twice shows it once.
 */
export function decide(
  outcome: Outcome,
  attempt: number,
  policy: RetryPolicy,
  expiresAtMs: number,
  nowMs: number,
  random: Pick<Random, 'next'>,
): Decision {
  switch (outcome.kind) {
    case 'delivered':
    case 'expired':
    case 'superseded':
      return { kind: 'end', state: outcome.kind, reason: 'reason' in outcome ? outcome.reason : '' };
    case 'gone':
    case 'rejected':
      return { kind: 'dead-letter', reason: outcome.reason };
    case 'retry':
    case 'unknown': {
      const scheduled = policy.scheduleMs[attempt - 1];
      if (scheduled === undefined) return { kind: 'dead-letter', reason: `retries-exhausted:${outcome.reason}` };
      const asked = outcome.kind === 'retry' ? (outcome.afterMs ?? 0) : 0;
      const floor = outcome.kind === 'retry' ? (outcome.floorMs ?? 0) * 2 ** Math.min(attempt - 1, 16) : 0;
      const wait = Math.max(scheduled, asked, floor, policy.minWaitMs);
      const dueInMs = Math.ceil(wait + wait * policy.jitter * random.next());
      if (nowMs + wait >= expiresAtMs) return { kind: 'end', state: 'expired', reason: 'deadline-before-retry' };
      return { kind: 'retry', dueInMs: Math.min(dueInMs, expiresAtMs - nowMs - 1), reason: outcome.reason };
    }
  }
}
