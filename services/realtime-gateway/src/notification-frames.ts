import type { Notification } from '@belfry/core/notification';
import type { RecipientKey } from '@belfry/core/store/routing';
import { notificationFrame } from '@belfry/protocol/client-notification';
import { formatCursor } from '@belfry/protocol/cursor';
import { type SharedFrame, sharedFrame } from './shared-frame.ts';

/** The frame of a stored notification. */
export function storedNotificationFrame(
  user: RecipientKey,
  epoch: string,
  offset: number,
  notification: Notification,
): SharedFrame {
  const cursor = { epoch, offset };
  return sharedFrame('notification', notificationFrame(cursor, notification), {
    cursor: formatCursor(cursor),
    mark: { user, notificationId: notification.id },
  });
}

/** The id is the first member of the notification, a JSON string; what is quoted in it cannot end it. */
const ID = /^,"notification":\{"id":("(?:[^"\\]|\\.)*")/;

/**
 * The frame that came with a hint, taken as it is: parsing every one would cost more than writing it. undefined when it is not the frame of this
 * epoch and offset as `notificationFrame` in libs/protocol writes it; the caller then reads the store.
 */
export function hintedNotificationFrame(
  user: RecipientKey,
  epoch: string,
  offset: number,
  text: string,
): SharedFrame | undefined {
  const cursor = formatCursor({ epoch, offset });
  const prefix = `{"type":"notification","cursor":"${cursor}"`;
  if (!text.startsWith(prefix)) return undefined;
  const quoted = ID.exec(text.slice(prefix.length, prefix.length + LONGEST_ID_PART))?.[1];
  if (quoted === undefined) return undefined;
  const notificationId: unknown = JSON.parse(quoted);
  if (typeof notificationId !== 'string') return undefined;
  return sharedFrame('notification', text, { cursor, mark: { user, notificationId } });
}

/** Key, quotes and an id of 128 characters, each escaped as `\uXXXX` at worst. */
const LONGEST_ID_PART = 32 + 128 * 6;
