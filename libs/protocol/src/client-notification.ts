import type { Notification } from '@belfry/core/notification';
import { type Cursor, formatCursor } from './cursor.ts';
import type { ClientNotification, NotificationFrame } from './frames.ts';

export function toClientNotification(notification: Notification): ClientNotification {
  return {
    id: notification.id,
    type: notification.type,
    title: notification.title,
    ...(notification.body === undefined ? {} : { body: notification.body }),
    ...(notification.data === undefined ? {} : { data: notification.data }),
    ...(notification.icon === undefined ? {} : { icon: notification.icon }),
    ...(notification.url === undefined ? {} : { url: notification.url }),
    priority: notification.priority,
    acceptedAt: new Date(notification.acceptedAtMs).toISOString(),
    expiresAt: new Date(notification.expiresAtMs).toISOString(),
  };
}

/** The frame of one notification, serialised once and shared by every socket of the user. */
export function notificationFrame(cursor: Cursor, notification: Notification): string {
  const frame: NotificationFrame = {
    type: 'notification',
    cursor: formatCursor(cursor),
    notification: toClientNotification(notification),
  };
  return JSON.stringify(frame);
}
