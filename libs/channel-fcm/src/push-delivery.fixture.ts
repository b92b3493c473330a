import type { PushDelivery } from '@belfry/core/channel';
import { deliveryId } from '@belfry/core/delivery';
import type { Notification } from '@belfry/core/notification';

/** A delivery to one phone for tests, with the given parts of its notification. */
export function pushDelivery(token: string, parts: Partial<Notification> = {}, remainingMs = 3_600_000): PushDelivery {
  const notification: Notification = {
    tenant: 'default',
    id: '0199-order',
    audience: { kind: 'users', users: ['alice'] },
    type: 'order.shipped',
    title: 'Your order is on its way',
    priority: 'normal',
    acceptedAtMs: 0,
    expiresAtMs: remainingMs,
    ...parts,
  };
  return {
    deliveryId: deliveryId('default', notification.id, 'alice', 'fcm', 'phone'),
    recipient: 'alice',
    notification,
    device: {
      tenant: 'default',
      id: 'phone',
      user: 'alice',
      createdAtMs: 0,
      version: 1,
      channel: 'fcm',
      address: { token },
    },
    attempt: 1,
    remainingMs,
  };
}
