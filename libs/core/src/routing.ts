import { type DeliveryRef, deliveryId } from './delivery.ts';
import { type Device, pushServiceOf } from './device.ts';
import { type Channel, laneOf, type Notification, type UserId } from './notification.ts';
import type { Preferences } from './preferences.ts';

export type Plan = {
  /** Shows in the inbox and on live connections. */
  readonly realtime: boolean;
  /** First attempts, in the order of the devices. */
  readonly deliveries: readonly DeliveryRef[];
  /** Channels that the recipient has switched off, for the ledger. */
  readonly muted: readonly Channel[];
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
  const muted: Channel[] = [];
  const wanted = (channel: Channel): boolean => {
    if (notification.channels !== undefined && !notification.channels.includes(channel)) return false;
    if (notification.priority === 'high') return true;
    const allowed = preferences.types[notification.type]?.[channel] ?? preferences.channels[channel] ?? true;
    if (!allowed && !muted.includes(channel)) muted.push(channel);
    return allowed;
  };
  const realtime = wanted('realtime');
  const lane = laneOf(notification.priority);
  const deliveries = devices
    .filter((device) => wanted(device.channel))
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
  return { realtime, deliveries, muted };
}
