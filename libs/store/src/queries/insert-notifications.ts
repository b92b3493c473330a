import type { Notification } from '@belfry/core/notification';
import { createInsert } from '../insert-statement.ts';
import { inOrder } from '../lock-rows.ts';
import type { QueryContext } from '../query-context.ts';
import type { NotificationStatus } from '../schema.ts';
import type { NotificationKey } from './notifications.ts';

const NEW_NOTIFICATION = {
  tenant: 'text',
  id: 'text',
  body_hash: 'text',
  status: 'text',
  accepting_since_ms: 'integer',
  expires_at_ms: 'integer',
  swept: 'integer',
  content: 'text',
} as const;

type NewNotification = {
  readonly notification: Notification;
  /** Empty for one that the store learns of from the log. */
  readonly bodyHash: string;
};

const insertMissing = createInsert('notifications', NEW_NOTIFICATION, (insert) =>
  insert.onConflict((conflict) => conflict.doNothing()).returning(['tenant', 'id']),
);

/** Inserts what is not there yet and returns its keys; rows that are there stay as they are. */
export function insertNotifications(
  context: QueryContext,
  status: NotificationStatus,
  items: readonly NewNotification[],
): Promise<readonly NotificationKey[]> {
  const rows = items.map(({ notification, bodyHash }) => ({
    tenant: notification.tenant,
    id: notification.id,
    body_hash: bodyHash,
    status,
    accepting_since_ms: context.nowMs,
    expires_at_ms: notification.expiresAtMs,
    swept: 0,
    content: JSON.stringify(notification),
  }));
  return insertMissing(context, { input: inOrder(rows, 'tenant', 'id') });
}
