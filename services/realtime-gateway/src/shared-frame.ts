import type { NotificationId } from '@belfry/core/notification';
import type { ServerFrame } from '@belfry/protocol/frames';

/** A frame as JSON text, made once and shared by all connections that send it. */
export type SharedFrame = {
  readonly type: ServerFrame['type'];
  readonly text: string;
  /** Where a client that has seen this frame resumes. */
  readonly cursor: string | undefined;
  readonly notificationId: NotificationId | undefined;
  /** Set when some connection has written it: one mark is enough, however many sockets a user has. */
  marked: boolean;
};

export function sharedFrame(
  type: ServerFrame['type'],
  text: string,
  cursor?: string,
  notificationId?: NotificationId,
): SharedFrame {
  return { type, text, cursor, notificationId, marked: false };
}

/** A frame that concerns one connection only. */
export function controlFrame(frame: Exclude<ServerFrame, { readonly type: 'notification' }>): SharedFrame {
  return sharedFrame(frame.type, JSON.stringify(frame), frame.type === 'hello' ? frame.cursor : undefined);
}
