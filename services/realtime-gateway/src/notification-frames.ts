import type { Notification } from '@belfry/core/notification';
import { notificationFrame } from '@belfry/protocol/client-notification';
import { formatCursor } from '@belfry/protocol/cursor';
import { type SharedFrame, sharedFrame } from './shared-frame.ts';

/** The frame of a stored notification. */
export function storedNotificationFrame(epoch: string, offset: number, notification: Notification): SharedFrame {
  const cursor = { epoch, offset };
  return sharedFrame('notification', notificationFrame(cursor, notification), formatCursor(cursor), notification.id);
}

const BEFORE_CURSOR = '{"type":"notification","cursor":"';
const BEFORE_ID = '","notification":{"id":"';

/**
 * The frame that came with a hint, taken as it is: parsing every one would cost more than writing it. undefined when it is not the frame of this
 * epoch and offset as `notificationFrame` in libs/protocol writes it; the caller then reads the store.
 */
export function hintedNotificationFrame(epoch: string, offset: number, text: string): SharedFrame | undefined {
  const cursor = formatCursor({ epoch, offset });
  const cursorEnd = BEFORE_CURSOR.length + cursor.length;
  if (!text.startsWith(BEFORE_CURSOR) || !text.startsWith(cursor, BEFORE_CURSOR.length)) return undefined;
  if (!text.startsWith(BEFORE_ID, cursorEnd)) return undefined;
  const notificationId = readString(text, cursorEnd + BEFORE_ID.length);
  return notificationId === undefined ? undefined : sharedFrame('notification', text, cursor, notificationId);
}

/** The JSON string whose first character is at `start`. */
function readString(text: string, start: number): string | undefined {
  let end = text.indexOf('"', start);
  // A quote belongs to the string when the backslashes before it are odd in number.
  while (end !== -1 && backslashesBefore(text, end) % 2 === 1) end = text.indexOf('"', end + 1);
  if (end === -1) return undefined;
  const inside = text.slice(start, end);
  return inside.includes('\\') ? (JSON.parse(`"${inside}"`) as string) : inside;
}

function backslashesBefore(text: string, at: number): number {
  let count = 0;
  while (text[at - 1 - count] === '\\') count++;
  return count;
}
