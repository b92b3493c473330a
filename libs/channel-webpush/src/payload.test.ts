import type { Notification } from '@belfry/core/notification';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_PLAINTEXT_BYTES } from './encrypt.ts';
import { CUT_MARKER, createPayload, type PushPayload } from './payload.ts';

const base: Notification = {
  tenant: 'default',
  id: 'n1',
  audience: { kind: 'users', users: ['alice'] },
  type: 'chat.message',
  title: 'Hello',
  priority: 'normal',
  acceptedAtMs: 0,
  expiresAtMs: 1,
};

function payloadOf(changes: Partial<Notification>, maxBytes?: number): PushPayload {
  const bytes = createPayload({ ...base, ...changes }, 'd1', maxBytes);
  expect(bytes?.length).toBeLessThanOrEqual(maxBytes ?? MAX_PLAINTEXT_BYTES);
  return JSON.parse(bytes?.toString() ?? '') as PushPayload;
}

describe('createPayload', () => {
  it('carries the whole notification when it fits', () => {
    const content = { body: 'b', icon: '/i.png', url: '/u', data: { n: 1 } };
    expect(payloadOf({ ...content, collapseKey: 'room 1' })).toEqual({
      id: 'n1',
      deliveryId: 'd1',
      type: 'chat.message',
      title: 'Hello',
      ...content,
      tag: 'room 1',
    });
  });

  it('drops data first and leaves the body whole when that is enough', () => {
    const payload = payloadOf({ body: 'x'.repeat(3_000), data: { blob: 'y'.repeat(2_000) } });
    expect(payload).toMatchObject({ body: 'x'.repeat(3_000), trimmed: true });
    expect(payload).not.toHaveProperty('data');
  });

  it('then cuts the body to the last byte, between characters, with a marker', () => {
    const payload = payloadOf({ body: 'é😀'.repeat(2_000), url: '/u' });
    expect(payload).toMatchObject({ title: 'Hello', url: '/u', trimmed: true });
    expect(payload.body?.endsWith(CUT_MARKER)).toBe(true);
    expect('é😀'.repeat(2_000).startsWith(payload.body?.slice(0, -1) ?? '-')).toBe(true);
    expect(Buffer.byteLength(JSON.stringify(payload))).toBeGreaterThan(MAX_PLAINTEXT_BYTES - 8);
  });

  it('then gives up icon, the end of the title, and url', () => {
    expect(payloadOf({ icon: 'i'.repeat(4_000), url: '/u', body: 'b' })).toEqual({
      id: 'n1',
      deliveryId: 'd1',
      type: 'chat.message',
      title: 'Hello',
      url: '/u',
      tag: 'n1',
      trimmed: true,
    });
    expect(payloadOf({ title: 't'.repeat(5_000), url: '/u' }).title).toMatch(/^t{3000,}…$/);
    expect(payloadOf({ url: 'u'.repeat(5_000) })).not.toHaveProperty('url');
  });

  it('is undefined when not even the names fit', () => {
    expect(createPayload({ ...base, type: 't'.repeat(5_000) }, 'd1')).toBeUndefined();
  });

  it('fits and names the notification, whatever it holds', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 400 });
    fc.assert(
      fc.property(
        text,
        fc.option(text),
        fc.option(text),
        fc.integer({ min: 150, max: 900 }),
        (title, body, url, max) => {
          const optional = { ...(body === null ? {} : { body }), ...(url === null ? {} : { url }) };
          const payload = payloadOf({ title, ...optional }, max);
          expect(payload).toMatchObject({ id: 'n1', deliveryId: 'd1', tag: 'n1' });
          if (!payload.trimmed) expect(payload).toMatchObject({ title, ...optional });
        },
      ),
      { numRuns: 150 },
    );
  });
});
