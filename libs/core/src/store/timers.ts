import type { DeliveryRef } from '../delivery.ts';

/** A wait. The store's clock decides when it is due. */
export type ClaimedTimer = {
  readonly id: string;
  /** Proves that the claim is still ours when the timer is removed. */
  readonly claim: string;
  readonly dueAtMs: number;
  readonly delivery: DeliveryRef;
};

export type TimerStore = {
  /**
   * Hands out timers that are due, oldest first, and nobody else gets them for `leaseMs`. The caller appends the deliveries to the log and then calls `removeTimers`.
   * A caller that dies between the two leaves the timer to be claimed again: the delivery is appended twice and the gate drops one.
   */
  claimDueTimers(limit: number, leaseMs: number): Promise<readonly ClaimedTimer[]>;
  /** Removes timers whose claim is still ours. */
  removeTimers(timers: readonly ClaimedTimer[]): Promise<void>;
  /** Milliseconds until a timer can next be claimed, be it that it falls due or that a claim's lease ends (≤ 0: now); undefined when there is none. */
  nextTimerInMs(): Promise<number | undefined>;
};

/** A claim is believed to be alive for this long. */
export const TIMER_LEASE_MS = 30_000;
