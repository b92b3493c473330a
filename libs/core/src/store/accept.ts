import type { Notification, NotificationId, TenantId } from '../notification.ts';

export type AcceptItem = {
  readonly notification: Notification;
  /** SHA-256 (hex) of the canonical request body: tells a repeat from another notification with the same id. */
  readonly bodyHash: string;
  /** The idempotency layer found that an earlier try was abandoned: take over whatever its age. */
  readonly takeOver: boolean;
};

export type AcceptBegun =
  /** The row is there as `accepting`; append the jobs of this notification (the stored one, after a take-over), then `markAccepted`. */
  | { readonly kind: 'append'; readonly notification: Notification }
  | { readonly kind: 'replay'; readonly id: NotificationId }
  /** The id is taken by a notification with another body. */
  | { readonly kind: 'conflict'; readonly id: NotificationId }
  /** Somebody else is accepting it right now. */
  | { readonly kind: 'in-progress'; readonly id: NotificationId; readonly retryAfterMs: number };

export type AcceptStore = {
  /**
   * Inserts each notification as `accepting`, or says what was there. A row found `accepting` for longer than 10 s is taken over: its writer died between the
   * insert and the answer, and appending the same id again is harmless. One transaction; results in the order of the items. Two items with
   * the same id in one call are treated like two calls one after the other: `append` once, then `in-progress`, since callers join what others asked for.
   */
  beginAccept(items: readonly AcceptItem[]): Promise<readonly AcceptBegun[]>;
  markAccepted(ids: readonly { readonly tenant: TenantId; readonly id: NotificationId }[]): Promise<void>;
};

/** How long an `accepting` row is believed to have a living writer. */
export const ACCEPT_TAKE_OVER_MS = 10_000;
