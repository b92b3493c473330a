import type { DeliveryId, DeliveryState } from '../delivery.ts';
import type { Notification, NotificationId, TenantId, UserId } from '../notification.ts';
import type { RecipientKey } from './routing.ts';

export type StreamItem = {
  readonly offset: number;
  /** False for a place in the stream that shows nothing: the notification was for push channels only, or it was cancelled or has expired. */
  readonly visible: boolean;
  readonly notification: Notification;
};

export type StreamPage = {
  readonly items: readonly StreamItem[];
  readonly head: number;
  /** The lowest offset still kept, head + 1 when none is. A reader below `oldest - 1` has missed something. */
  readonly oldest: number;
};

export type InboxItem = {
  readonly offset: number;
  readonly notification: Notification;
  readonly read: boolean;
  readonly readAtMs: number | undefined;
  readonly state: DeliveryState;
};

export type InboxPage = {
  readonly items: readonly InboxItem[];
  readonly unread: number;
  readonly next: number | undefined;
};

/** A realtime delivery whose state changed; the caller tells the receipts feed. */
export type RealtimeChange = {
  readonly tenant: TenantId;
  readonly user: UserId;
  readonly notificationId: NotificationId;
  readonly deliveryId: DeliveryId;
  readonly state: 'sent' | 'delivered' | 'read' | 'expired';
};

export type RealtimeMark = {
  readonly tenant: TenantId;
  readonly user: UserId;
  readonly notificationIds: readonly NotificationId[];
};

export type UserStreamStore = {
  /** Changes when the store's history is lost; part of every cursor. */
  epoch(): Promise<string>;
  /** Ends of the streams, 0 for a user without one. */
  heads(users: readonly RecipientKey[]): Promise<readonly number[]>;
  /** Items with offset > `after`, ascending, at most `limit`. */
  readStream(user: RecipientKey, after: number, limit: number): Promise<StreamPage>;
  /** Visible items with offset < `before` (from the newest when undefined), newest first. */
  readInbox(user: RecipientKey, before: number | undefined, limit: number): Promise<InboxPage>;
  /** Written to a socket: `stored` → `sent`. */
  markSent(marks: readonly RealtimeMark[]): Promise<readonly RealtimeChange[]>;
  /**
   * First acknowledgement: → `delivered`; deletes the recipient's timers for the notification and ends its waiting push deliveries as `acknowledged`, in one transaction.
   * Unknown ids are ignored.
   */
  acknowledge(marks: readonly RealtimeMark[]): Promise<readonly RealtimeChange[]>;
  /** → `read`; counts as an acknowledgement too. */
  markRead(marks: readonly RealtimeMark[]): Promise<readonly RealtimeChange[]>;
  /** Marks everything up to the head at the time of the call. Returns how many became read and the changes of at most 1,000. */
  markAllRead(user: RecipientKey): Promise<{ readonly count: number; readonly changes: readonly RealtimeChange[] }>;
};
