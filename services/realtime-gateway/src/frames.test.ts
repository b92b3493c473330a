import { notificationFrame } from '@belfry/protocol/client-notification';
import { describe, expect, it } from 'vitest';
import { eventEncoder, type FrameEncoder, webSocketEncoder } from './frame-encoder.ts';
import { testNotification } from './gateway.fixture.ts';
import { hintedNotificationFrame } from './notification-frames.ts';
import { controlFrame, type SharedFrame, sharedFrame } from './shared-frame.ts';
import { takeToken } from './token-bucket.ts';

function encode(encoder: FrameEncoder, frame: SharedFrame): Buffer {
  const size = encoder.size(frame);
  const target = Buffer.alloc(size + 6, 0xff);
  encoder.write(frame, target, 3, size);
  // Neither more nor less than was announced.
  expect([...target.subarray(0, 3), ...target.subarray(size + 3)]).toEqual(Array(6).fill(0xff));
  return target.subarray(3, size + 3);
}

const textFrame = (text: string) => encode(webSocketEncoder, sharedFrame('notification', text));

describe('a WebSocket text frame', () => {
  // RFC 6455 §5.2: 7 bits of length, or 126 and 16 bits, or 127 and 64 bits.
  it.each([
    [0, [0x81, 0]],
    [125, [0x81, 125]],
    [126, [0x81, 126, 0, 126]],
    [65_535, [0x81, 126, 0xff, 0xff]],
    [65_536, [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]],
  ])('of %i bytes has the shortest header', (length, header) => {
    const bytes = textFrame('x'.repeat(length));
    expect([...bytes.subarray(0, header.length)]).toEqual(header);
    expect(bytes.length).toBe(header.length + length);
  });

  it('counts bytes, not characters', () => {
    expect([...textFrame('é€')]).toEqual([0x81, 5, ...Buffer.from('é€')]);
  });
});

describe('a server-sent event', () => {
  it('has an id where a client can resume, and one line of data', () => {
    const whose = { tenant: 'default', user: 'alice' };
    const hello = controlFrame({ type: 'hello', cursor: 'e:1', recovered: true, ...whose, heartbeatMs: 1 });
    expect(encode(eventEncoder, hello).toString()).toBe(`id: e:1\nevent: hello\ndata: ${hello.text}\n\n`);
    const goodbye = controlFrame({ type: 'goodbye', reconnectAfterMs: 700 });
    expect(encode(eventEncoder, goodbye).toString()).toBe(`retry: 700\nevent: goodbye\ndata: ${goodbye.text}\n\n`);
    const text = JSON.stringify({ body: 'two\nlines' });
    expect(encode(eventEncoder, sharedFrame('notification', text)).toString()).toBe(
      `event: notification\ndata: ${text}\n\n`,
    );
  });
});

describe('the frame of a hint', () => {
  it.each(['plain', 'quo"te', 'back\\slash', '"},"x":"', 'ünï', '\u2028', 'x'.repeat(128), '"'.repeat(128)])(
    'keeps its text and names the notification: %s',
    (id) => {
      const text = notificationFrame({ epoch: 'e1', offset: 7 }, testNotification('any', { id }));
      expect(hintedNotificationFrame('e1', 7, text)).toMatchObject({
        text,
        cursor: 'e1:7',
        notificationId: id,
      });
    },
  );

  it('is refused for another offset, another epoch, or when it is something else', () => {
    const text = notificationFrame({ epoch: 'e1', offset: 7 }, testNotification('any'));
    expect(hintedNotificationFrame('e1', 8, text)).toBeUndefined();
    expect(hintedNotificationFrame('e2', 7, text)).toBeUndefined();
    expect(hintedNotificationFrame('e1', 7, '{}')).toBeUndefined();
  });
});

describe('a token bucket', () => {
  const rate = { burst: 2, perMinute: 60 };
  it.each([
    [{ tokens: 2, atMs: 0 }, 0, { tokens: 1, atMs: 0 }],
    [{ tokens: 0, atMs: 0 }, 999, undefined],
    [{ tokens: 0, atMs: 0 }, 1_000, { tokens: 0, atMs: 1_000 }],
    [{ tokens: 0, atMs: 0 }, 600_000, { tokens: 1, atMs: 600_000 }],
    [{ tokens: 1, atMs: 500 }, 0, { tokens: 0, atMs: 0 }],
  ])('%o at %i ms', (bucket, nowMs, expected) => {
    expect(takeToken(bucket, nowMs, rate)).toEqual(expected);
  });
});
