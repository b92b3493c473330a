import type { DeliveryId, DeliveryRef } from '../delivery.ts';
import type { Audience, Notification, TenantId, UserId } from '../notification.ts';
import type { SkippedChannel } from '../routing.ts';

export type RecipientKey = { readonly tenant: TenantId; readonly user: UserId };

export type RouteEntry = { readonly notification: Notification; readonly recipient: UserId };

export type SkippedDelivery = SkippedChannel & { readonly deliveryId: DeliveryId };

export type RouteResult =
  | {
      readonly kind: 'routed';
      /** The place of the notification in the user's stream; dense, from 1. */
      readonly offset: number;
      /** False when an earlier routing had stored it: append what is returned again, it may never have been appended. */
      readonly inserted: boolean;
      /** The realtime delivery, where there is one. */
      readonly realtimeDeliveryId: DeliveryId | undefined;
      /** Deliveries that are still `queued` for their first attempt. */
      readonly deliveries: readonly DeliveryRef[];
      readonly skipped: readonly SkippedDelivery[];
    }
  /** The notification was cancelled before it was routed. */
  | { readonly kind: 'cancelled' };

export type RoutingStore = {
  /**
   * One transaction for all entries: locks the user streams in sorted order, keeps the first routing of each (user, notification), otherwise takes
   * head + 1 and inserts inbox row and deliveries, as `plan` decides with the recipient's devices and preferences of that moment: the realtime delivery and the
   * first attempts, and a delivery without a device in state `skipped` for each channel that nothing goes over. A place in the stream is taken whether or not the
   * notification shows there. Inserts the notification too where it is not there yet (it came straight through the log), and the user row. Two entries for one user
   * in one call get consecutive offsets in the order of the call.
   */
  route(entries: readonly RouteEntry[]): Promise<readonly RouteResult[]>;
  /** A page of the audience in the order of user id, after `after`; at most `limit` users. */
  expandAudience(
    tenant: TenantId,
    audience: Audience,
    after: UserId | undefined,
    limit: number,
  ): Promise<readonly UserId[]>;
};
