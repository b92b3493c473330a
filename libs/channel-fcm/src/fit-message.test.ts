import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitMessage, MAX_MESSAGE_BYTES } from './fit-message.ts';
import { pushDelivery } from './push-delivery.fixture.ts';

const NOW_MS = 1_800_000_000_000;

type WireMessage = {
  readonly token: string;
  readonly notification: { readonly title: string; readonly body?: string; readonly image?: string };
  readonly data: Readonly<Record<string, string>>;
  readonly [part: string]: unknown;
};

function fit(...parts: Parameters<typeof pushDelivery>): WireMessage {
  const fitted = fitMessage(pushDelivery(...parts), parts[0], NOW_MS);
  if (!fitted.ok) throw new Error(`does not fit: ${fitted.bytes} bytes`);
  return JSON.parse(fitted.json).message;
}

describe('fitMessage', () => {
  it('maps a notification to the fields of HTTP v1', () => {
    const message = fit('tok', {
      body: 'It leaves today',
      icon: 'https://shop.example/box.png',
      url: 'https://shop.example/orders/7',
      data: { order: 7, items: [{ sku: 'a' }], note: 'plain', none: null },
      priority: 'high',
      collapseKey: 'order 7',
    });
    expect(message).toEqual({
      token: 'tok',
      notification: {
        title: 'Your order is on its way',
        body: 'It leaves today',
        image: 'https://shop.example/box.png',
      },
      data: {
        order: '7',
        items: '[{"sku":"a"}]',
        note: 'plain',
        none: 'null',
        belfry_id: '0199-order',
        belfry_delivery: expect.stringMatching(/^[\w-]{22}$/),
        belfry_type: 'order.shipped',
        belfry_url: 'https://shop.example/orders/7',
      },
      android: { priority: 'high', ttl: '3600s', collapse_key: 'order 7', notification: { tag: 'order 7' } },
      apns: {
        headers: { 'apns-collapse-id': 'order 7', 'apns-expiration': '1800003600', 'apns-priority': '10' },
      },
      webpush: {
        headers: { TTL: '3600', Urgency: 'high', Topic: expect.stringMatching(/^[\w-]{32}$/) },
        notification: { tag: 'order 7', icon: 'https://shop.example/box.png' },
        fcm_options: { link: 'https://shop.example/orders/7' },
      },
    });
  });

  it('tags with the delivery id without a collapse key, so that a repeated send replaces itself', () => {
    const [first, again] = [fit('tok'), fit('tok')];
    expect(first).toEqual(again);
    const deliveryId = first.data.belfry_delivery;
    expect(first).toMatchObject({
      android: { notification: { tag: deliveryId }, priority: 'normal' },
      apns: { headers: { 'apns-collapse-id': deliveryId } },
    });
    expect(first.android).not.toHaveProperty('collapse_key');
    expect(first.webpush).not.toHaveProperty('headers.Topic');
  });

  it.each([
    { remainingMs: 999, ttl: '0s', expiration: '0' },
    { remainingMs: 1_999, ttl: '1s', expiration: '1800000001' },
    { remainingMs: 1e12, ttl: '2419200s', expiration: '1802419200' },
  ])('gives FCM no more time than is left: $remainingMs ms is $ttl', ({ remainingMs, ttl, expiration }) => {
    expect(fit('tok', {}, remainingMs)).toMatchObject({
      android: { ttl },
      apns: { headers: { 'apns-expiration': expiration } },
      webpush: { headers: { TTL: ttl.slice(0, -1) } },
    });
  });

  it('keeps reserved keys of the producer under a free name, and leaves the others as they are', () => {
    const data = {
      from: 'a',
      message_type: 'b',
      'google.x': 'c',
      'gcm.y': 'd',
      type: 'e',
      belfry_id: 'h',
      x_from: 'f',
      imageUrl: 'g',
      ttl: 5,
    };
    expect(fit('tok', { data }).data).toMatchObject({
      x_x_from: 'a',
      x_message_type: 'b',
      'x_google.x': 'c',
      'x_gcm.y': 'd',
      type: 'e',
      x_belfry_id: 'h',
      x_from: 'f',
      imageUrl: 'g',
      ttl: '5',
      belfry_id: '0199-order',
    });
  });

  it('sends only https addresses as image or link', () => {
    const message = fit('tok', { icon: '/icon.png', url: '/orders/7' });
    expect(message.notification).not.toHaveProperty('image');
    expect(message.webpush).not.toHaveProperty('fcm_options');
    expect(message.data.belfry_url).toBe('/orders/7');
  });

  it('hashes a collapse key that APNs or Web Push would refuse', () => {
    const message = fit('tok', { collapseKey: 'k'.repeat(65) });
    expect(message).toMatchObject({
      android: { collapse_key: 'k'.repeat(65) },
      apns: { headers: { 'apns-collapse-id': expect.stringMatching(/^[\w-]{32}$/) } },
    });
  });

  it('gives up body before data, keeps the beginning of the body, and says so', () => {
    const message = fit('tok', { body: 'word '.repeat(1_000), data: { order: 'x'.repeat(500) } });
    expect(message.data).toMatchObject({ order: 'x'.repeat(500), belfry_trimmed: 'body' });
    expect(message.notification.body).toMatch(/^word word .{2000,}…$/);
  });

  it('gives up data whole when the body alone does not save enough', () => {
    const message = fit('tok', { body: 'b'.repeat(1_000), data: { big: 'x'.repeat(4_000), small: '1' } });
    expect(message.data).toMatchObject({ belfry_trimmed: 'body,data', belfry_type: 'order.shipped' });
    expect(message.data).not.toHaveProperty('small');
    expect(message.notification.body).toBe(`${'b'.repeat(200)}…`);
  });

  it('refuses what cannot fit: a collapse key beyond all measure', () => {
    const delivery = pushDelivery('tok', { collapseKey: 'k'.repeat(4_000) });
    expect(fitMessage(delivery, 'tok', NOW_MS)).toEqual({ ok: false, bytes: expect.any(Number) });
  });

  it('always fits FCM and keeps ids and the beginning of the title, whatever the content', () => {
    const text = (maxLength: number) => fc.string({ unit: 'binary', maxLength });
    const content = fc.record({
      title: fc.oneof(text(80), text(9_000)),
      body: fc.option(fc.oneof(text(300), text(9_000)), { nil: undefined }),
      icon: fc.option(fc.webUrl({ validSchemes: ['https'] }), { nil: undefined }),
      url: fc.option(fc.oneof(fc.webUrl(), text(5_000)), { nil: undefined }),
      data: fc.option(fc.dictionary(text(40), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 8 }), { nil: undefined }),
      collapseKey: fc.option(fc.string({ maxLength: 64 }), { nil: undefined }),
    });
    fc.assert(
      fc.property(content, (parts) => {
        const present = Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined));
        const delivery = pushDelivery('tok', present);
        const fitted = fitMessage(delivery, 'tok', NOW_MS);
        if (!fitted.ok) throw new Error(`${fitted.bytes} bytes`);
        const { token, ...payload }: WireMessage = JSON.parse(fitted.json).message;
        expect(token).toBe('tok');
        expect(Buffer.byteLength(JSON.stringify(payload))).toBeLessThanOrEqual(MAX_MESSAGE_BYTES);
        expect(Object.values(payload.data).every((value) => typeof value === 'string')).toBe(true);
        expect(payload.data).toMatchObject({ belfry_id: '0199-order', belfry_delivery: delivery.deliveryId });
        const untrimmed = payload.data.belfry_trimmed === undefined;
        const { title } = payload.notification;
        if (untrimmed) expect(title).toBe(parts.title);
        else expect(parts.title.startsWith(title.replace(/…$/, ''))).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});
