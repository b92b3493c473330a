import type { DeliveryId, DeliveryState, DeviceId } from '../delivery.ts';
import type { Channel, Notification, NotificationId, TenantId, UserId } from '../notification.ts';
import type { Attempt } from '../outcome.ts';

export type LedgerDelivery = {
  readonly id: DeliveryId;
  readonly recipient: UserId;
  readonly channel: Channel;
  readonly device: DeviceId;
  readonly state: DeliveryState;
  /** Why it is in this state, where that is not plain from the state. */
  readonly reason: string | undefined;
  readonly redrive: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  /** When the next attempt is due, for a delivery that waits. */
  readonly dueAtMs: number | undefined;
  readonly attempts: readonly (Attempt & { readonly redrive: number })[];
};

export type LedgerEntry = {
  readonly notification: Notification;
  /** `accepting` until the jobs are durable; `routed` once the first recipient was routed. */
  readonly status: 'accepting' | 'accepted' | 'routed' | 'cancelled';
  readonly counts: Readonly<Partial<Record<DeliveryState, number>>>;
  readonly deliveries: readonly LedgerDelivery[];
  /** Pass as `after` for the next page; undefined on the last. */
  readonly next: DeliveryId | undefined;
};

export type Cancellation = { readonly cancelled: number; readonly alreadySent: number };

export type LedgerStore = {
  readNotification(
    tenant: TenantId,
    id: NotificationId,
    after: DeliveryId | undefined,
    limit: number,
  ): Promise<LedgerEntry | undefined>;
  /**
   * Ends every delivery that was not sent yet (`queued`, `retrying`, `stored`) as `cancelled`, deletes their timers, hides it from the inboxes that were not shown it,
   * and keeps recipients who are not routed yet from being routed. undefined when there is no such notification. Safe to repeat.
   */
  cancelNotification(tenant: TenantId, id: NotificationId): Promise<Cancellation | undefined>;
};
