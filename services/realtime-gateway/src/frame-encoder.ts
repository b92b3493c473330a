import type { GoodbyeFrame } from '@belfry/protocol/frames';
import type { SharedFrame } from './shared-frame.ts';

/** Puts frames on a wire's bytes, straight into the buffer that will be written: a buffer per frame would be most of what a delivery costs. */
export type FrameEncoder = {
  /** Exactly how many bytes `write` will take. */
  size(frame: SharedFrame): number;
  write(frame: SharedFrame, target: Buffer, at: number, size: number): void;
};

/** FIN and opcode 1: a whole text message (RFC 6455 §5.2). */
const FIN_TEXT = 0x81;

/** Unmasked, uncompressed WebSocket text frames (RFC 6455 §5.2), which is what a server sends. */
export const webSocketEncoder: FrameEncoder = {
  size({ text }) {
    const length = Buffer.byteLength(text);
    return length + (length < 126 ? 2 : length < 65_536 ? 4 : 10);
  },
  write({ text }, target, at, size) {
    target[at] = FIN_TEXT;
    // 125 and 65,535 bytes are the longest texts with a header of two and of four bytes.
    if (size <= 127) {
      target[at + 1] = size - 2;
      target.write(text, at + 2);
    } else if (size <= 65_539) {
      target[at + 1] = 126;
      target.writeUInt16BE(size - 4, at + 2);
      target.write(text, at + 4);
    } else {
      target[at + 1] = 127;
      target.writeBigUInt64BE(BigInt(size - 10), at + 2);
      target.write(text, at + 10);
    }
  },
};

/** Server-sent events (WHATWG HTML §9.2). JSON text holds no raw line break, so `data:` is always one line. */
export const eventEncoder: FrameEncoder = {
  size: (frame) => Buffer.byteLength(eventText(frame)),
  write: (frame, target, at) => void target.write(eventText(frame), at),
};

function eventText({ type, text, cursor }: SharedFrame): string {
  const id = cursor === undefined ? '' : `id: ${cursor}\n`;
  // A plain EventSource does not read the frame, but it does wait for as long as `retry` says.
  const retry = type === 'goodbye' ? `retry: ${(JSON.parse(text) as GoodbyeFrame).reconnectAfterMs}\n` : '';
  return `${id}${retry}event: ${type}\ndata: ${text}\n\n`;
}
