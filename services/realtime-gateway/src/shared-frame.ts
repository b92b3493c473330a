import type { NotificationId } from '@belfry/core/notification';
import type { RecipientKey } from '@belfry/core/store/routing';
import type { ServerFrame } from '@belfry/protocol/frames';

/** What a written notification frame proves: this user was sent this notification. */
export type SentMark = { readonly user: RecipientKey; readonly notificationId: NotificationId };

/** A frame with its bytes, which are made when the first connection of a transport needs them and shared by all that follow. */
export type SharedFrame = {
  readonly type: ServerFrame['type'];
  readonly text: string;
  /** Where a client that has seen this frame resumes. */
  readonly cursor: string | undefined;
  readonly mark: SentMark | undefined;
  /** Set when some connection has written it: one mark is enough, however many sockets a user has. */
  marked: boolean;
  webSocketBytes: Buffer | undefined;
  eventBytes: Buffer | undefined;
};

export function sharedFrame(
  type: ServerFrame['type'],
  text: string,
  facts: { readonly cursor?: string | undefined; readonly mark?: SentMark } = {},
): SharedFrame {
  return {
    type,
    text,
    cursor: facts.cursor,
    mark: facts.mark,
    marked: false,
    webSocketBytes: undefined,
    eventBytes: undefined,
  };
}

/** A frame that concerns one connection only. */
export function controlFrame(frame: Exclude<ServerFrame, { readonly type: 'notification' }>): SharedFrame {
  return sharedFrame(frame.type, JSON.stringify(frame), { cursor: frame.type === 'hello' ? frame.cursor : undefined });
}

/** FIN and opcode 1: a whole text message (RFC 6455 §5.2). */
const FIN_TEXT = 0x81;

/** The frame as an unmasked, uncompressed WebSocket text frame (RFC 6455 §5.2), which is what a server sends. */
export function webSocketBytes(frame: SharedFrame): Buffer {
  frame.webSocketBytes ??= encodeTextFrame(frame.text);
  return frame.webSocketBytes;
}

export function encodeTextFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const header = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const bytes = Buffer.allocUnsafe(header + length);
  bytes[0] = FIN_TEXT;
  if (header === 2) {
    bytes[1] = length;
  } else if (header === 4) {
    bytes[1] = 126;
    bytes.writeUInt16BE(length, 2);
  } else {
    bytes[1] = 127;
    bytes.writeBigUInt64BE(BigInt(length), 2);
  }
  bytes.write(text, header);
  return bytes;
}

/** The frame as a server-sent event (WHATWG HTML §9.2). JSON text holds no raw line break, so `data:` is always one line. */
export function eventBytes(frame: SharedFrame): Buffer {
  frame.eventBytes ??= Buffer.from(
    `${frame.cursor === undefined ? '' : `id: ${frame.cursor}\n`}event: ${frame.type}\ndata: ${frame.text}\n\n`,
  );
  return frame.eventBytes;
}
