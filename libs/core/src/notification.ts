export type TenantId = string;
export type UserId = string;
export type NotificationId = string;

export const CHANNELS = ['realtime', 'webpush', 'fcm'] as const;
export type Channel = (typeof CHANNELS)[number];
export const PUSH_CHANNELS = ['webpush', 'fcm'] as const;
export type PushChannel = (typeof PUSH_CHANNELS)[number];

export const PRIORITIES = ['low', 'normal', 'high'] as const;
export type Priority = (typeof PRIORITIES)[number];

export const LANES = ['transactional', 'bulk'] as const;
export type Lane = (typeof LANES)[number];

export type Audience =
  | { readonly kind: 'users'; readonly users: readonly UserId[] }
  | { readonly kind: 'topic'; readonly topic: string }
  | { readonly kind: 'everyone' };

/** Which way a notification came in. */
export type Origin =
  | { readonly kind: 'http' }
  | {
      readonly kind: 'input-topic';
      readonly logTopic: string;
      readonly partition: number;
      /** Decimal: offsets go beyond what a number holds. */
      readonly offset: string;
    };

/** What a producer asks to be told. Immutable once accepted. */
export type Notification = {
  readonly tenant: TenantId;
  /** A UUIDv7, or the producer's own (1–128 characters). Unique per tenant. */
  readonly id: NotificationId;
  readonly audience: Audience;
  readonly type: string;
  readonly title: string;
  readonly body?: string;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly icon?: string;
  readonly url?: string;
  /** Channels asked for; undefined means realtime and every active device. */
  readonly channels?: readonly Channel[];
  readonly priority: Priority;
  readonly collapseKey?: string;
  /** Absent where it was accepted by a release that did not keep it. */
  readonly origin?: Origin;
  readonly acceptedAtMs: number;
  /** The deadline of every delivery: nothing is sent at or after it. */
  readonly expiresAtMs: number;
};

/** Low priority is bulk work and never delays the rest (design, decision 13). */
export function laneOf(priority: Priority): Lane {
  return priority === 'low' ? 'bulk' : 'transactional';
}
