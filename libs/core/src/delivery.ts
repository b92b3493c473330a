import { createHash } from 'node:crypto';
import type { Channel, Lane, NotificationId, PushChannel, TenantId, UserId } from './notification.ts';

export type DeliveryId = string;
export type DeviceId = string;

/**
 * States of a push delivery:
 *
 *   queued ─────┬──▶ delivered
 *     │         │
 *     ▼         ├──▶ dead-lettered ──▶ retrying (redrive)
 *   retrying ───┘
 *
 * and from `queued` or `retrying` also to `expired`, `superseded`, `cancelled` and `acknowledged` (the recipient confirmed the
 * notification elsewhere while this one was waiting). `retrying` lasts until the attempt that its timer released is settled.
 *
 * States of a realtime delivery, ranked: `stored` → `sent` → `delivered` → `read`; `expired` or `cancelled` while still `stored`.
 * A late fact never moves one back.
 *
 * `skipped` stands in the place of a delivery that the router did not make, with the reason: nothing goes over this channel to this recipient.
 */
export const DELIVERY_STATES = [
  'queued',
  'retrying',
  'stored',
  'sent',
  'delivered',
  'read',
  'dead-lettered',
  'expired',
  'superseded',
  'cancelled',
  'acknowledged',
  'skipped',
] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

const TERMINAL: ReadonlySet<DeliveryState> = new Set([
  'delivered',
  'read',
  'dead-lettered',
  'expired',
  'superseded',
  'cancelled',
  'acknowledged',
  'skipped',
]);

/** True when no further attempt will be made without a redrive. `delivered` may still become `read` on realtime. */
export function isTerminal(state: DeliveryState): boolean {
  return TERMINAL.has(state);
}

/** Names one delivery in the log and in timers. Small: address, keys and content are read at the gate, per attempt. */
export type DeliveryRef = {
  readonly tenant: TenantId;
  readonly deliveryId: DeliveryId;
  readonly notificationId: NotificationId;
  readonly recipient: UserId;
  readonly channel: PushChannel;
  readonly deviceId: DeviceId;
  readonly lane: Lane;
  /** The attempt that this record asks for; 1 for the first. */
  readonly attempt: number;
  /** How often the delivery was redriven; 0 before any. */
  readonly redrive: number;
  /** The push service of the device, so that a worker shares its slots out among them before it has read anything. undefined: not known, or one for all. */
  readonly host?: string;
};

/** The device of a realtime delivery, since a user has one stream however many sockets read it; and of a skipped one. */
export const NO_DEVICE: DeviceId = '';

/**
 * Stable across crashes, retries and redrives, so that a repeated record meets the row that it made before.
 * 128 bits of SHA-256 over the length-prefixed parts (no two different tuples give the same input), base64url, 22 characters.
 */
export function deliveryId(
  tenant: TenantId,
  notification: NotificationId,
  recipient: UserId,
  channel: Channel,
  device: DeviceId,
): DeliveryId {
  const hash = createHash('sha256');
  for (const part of [tenant, notification, recipient, channel, device]) {
    hash.update(`${Buffer.byteLength(part)}:`).update(part);
  }
  return hash.digest().subarray(0, 16).toString('base64url');
}
