import type { TenantId, UserId } from './notification.ts';

/**
 * Backplane: wakes the gateway that holds a user's sockets. At most once, in any order, possibly doubled. Losing a hint costs time
 * (the gateway compares heads on each heartbeat), never a message. Whoever publishes has stored what the hint is about.
 */
export type Hint = {
  readonly tenant: TenantId;
  readonly user: UserId;
  /** The user's stream reaches to here now. */
  readonly offset: number;
  /** The stored message, where it is small enough to travel; a gateway that is exactly one behind can send it without a read. */
  readonly frame?: string;
};

export type Backplane = {
  /** Returns at once, and never throws: what cannot be sent is dropped. */
  publish(hints: readonly Hint[]): void;
  /**
   * Calls `handler` with hints for that user until the returned function is called, never before this one has returned. Many subscriptions to one user are
   * normal.
   *
   * `onGap` is called when hints for the user may have been lost until now, as far as the adapter can know: the subscription has only now taken
   * effect, or did so again after the connection was lost. Comparing heads then heals at once what the next heartbeat would heal.
   */
  subscribe(tenant: TenantId, user: UserId, handler: (hint: Hint) => void, onGap?: () => void): () => void;
  /** Resolves when nothing is left of it; no handler is called once it was called. Later publishes do nothing. */
  close(): Promise<void>;
};
