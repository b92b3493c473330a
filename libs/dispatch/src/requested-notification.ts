import { createHash } from 'node:crypto';
import type { Audience, Notification, NotificationId, Origin, TenantId } from '@belfry/core/notification';
import { LIMITS } from '@belfry/protocol/limits';
import type { NotificationRequest } from '@belfry/protocol/notification-request';

/** JSON of the notification in bytes. Whom it is for does not count: a job carries one recipient, however long the list was. */
export function requestBytes({ to: _to, ...content }: NotificationRequest): number {
  return Buffer.byteLength(JSON.stringify(content));
}

/** SHA-256 (hex) that tells a repeat from another notification with the same id, whichever way the two came. */
export function requestHash({ to, ...content }: NotificationRequest): string {
  return createHash('sha256')
    .update(JSON.stringify([to, content]))
    .digest('hex');
}

/** The notification that a request asks for, with the defaults filled in. */
export function requestedNotification(
  request: NotificationRequest,
  facts: {
    readonly tenant: TenantId;
    readonly id: NotificationId;
    readonly origin: Origin;
    readonly acceptedAtMs: number;
  },
): Notification {
  const { to, ttlSeconds, priority, id: _ownId, ...content } = request;
  return {
    ...content,
    ...facts,
    audience: toAudience(to),
    priority: priority ?? 'normal',
    expiresAtMs: facts.acceptedAtMs + (ttlSeconds ?? LIMITS.ttlSecondsDefault) * 1_000,
  } as Notification;
}

function toAudience(to: NotificationRequest['to']): Audience {
  if ('users' in to) return { kind: 'users', users: [...new Set(to.users)] };
  if ('topic' in to) return { kind: 'topic', topic: to.topic };
  return { kind: 'everyone' };
}
