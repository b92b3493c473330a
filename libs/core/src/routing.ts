import { type DeliveryRef, deliveryId } from './delivery.ts';
import { type Device, pushServiceOf } from './device.ts';
import { CHANNELS, type Channel, laneOf, type Notification, type UserId } from './notification.ts';
import type { Preferences } from './preferences.ts';

/**
 * `muted`: the recipient has switched the channel off, and something would have gone over it. `no-device`: the notification names the channel, and the recipient has no device on it.
 */
export type SkipReason = 'muted' | 'no-device';

/** A channel that nothing goes over, and why: so that the ledger says of every recipient what became of the notification. */
export type SkippedChannel = { readonly channel: Channel; readonly reason: SkipReason };

export type Plan = {
  /** Shows in the inbox and on live connections. */
  readonly realtime: boolean;
  /** First attempts, in the order of the devices. */
  readonly deliveries: readonly DeliveryRef[];
  /** Without any delivery and without realtime there is at least one. */
  readonly skipped: readonly SkippedChannel[];
};

/**
 * Where one notification goes for one recipient. Pure. Channels omitted = realtime and every active device; preferences take channels away, but not from
 * a high-priority notification.
 */
export function plan(
  notification: Notification,
  recipient: UserId,
  devices: readonly Device[],
  preferences: Preferences,
): Plan {
  const open = new Set<Channel>();
  const skipped: SkippedChannel[] = [];
  for (const channel of notification.channels ?? CHANNELS) {
    const reaches = channel === 'realtime' || devices.some((device) => device.channel === channel);
    // A channel that nobody asked for and that leads nowhere is not missed.
    if (!reaches && notification.channels === undefined) continue;
    if (!isAllowed(notification, channel, preferences)) skipped.push({ channel, reason: 'muted' });
    else if (!reaches) skipped.push({ channel, reason: 'no-device' });
    else open.add(channel);
  }
  const lane = laneOf(notification.priority);
  const deliveries = devices
    .filter((device) => open.has(device.channel))
    .map((device): DeliveryRef => {
      const host = pushServiceOf(device);
      return {
        tenant: notification.tenant,
        deliveryId: deliveryId(notification.tenant, notification.id, recipient, device.channel, device.id),
        notificationId: notification.id,
        recipient,
        channel: device.channel,
        deviceId: device.id,
        lane,
        attempt: 1,
        redrive: 0,
        ...(host === undefined ? {} : { host }),
      };
    });
  return { realtime: open.has('realtime'), deliveries, skipped };
}

function isAllowed(notification: Notification, channel: Channel, { channels, types }: Preferences): boolean {
  if (notification.priority === 'high') return true;
  return types[notification.type]?.[channel] ?? channels[channel] ?? true;
}
