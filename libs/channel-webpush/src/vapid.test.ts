import { createFakeClock } from '@belfry/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import { createVapidHeaders } from './vapid-header.ts';
import { createVapidKeyRing, generateVapidKey, parseVapidKey, type VapidKey, vapidKeyId } from './vapid-keys.ts';

const HOUR_MS = 3_600_000;
const origin = 'https://push.example';

function claimsOf(header: string): { aud: string; exp: number; sub: string } {
  const [, claims = ''] = /t=([^,]+)/.exec(header)?.[1]?.split('.') ?? [];
  return JSON.parse(Buffer.from(claims, 'base64url').toString());
}

describe('VAPID keys', () => {
  it('generates keys that parse, with an id that follows from the public key', () => {
    const key = generateVapidKey();
    expect(parseVapidKey({ publicKey: key.publicKey, privateKey: key.privateKey })).toEqual({ ok: true, key });
    expect(key.id).toBe(vapidKeyId(key.publicKey));
    expect(parseVapidKey({ ...key, id: 'spring-2026' })).toMatchObject({ ok: true, key: { id: 'spring-2026' } });
  });

  const key = generateVapidKey();
  it.each([
    ['nothing', undefined, ''],
    ['no public key', { privateKey: key.privateKey }, '/publicKey'],
    ['a short public key', { ...key, publicKey: key.publicKey.slice(1) }, '/publicKey'],
    ['no private key', { publicKey: key.publicKey }, '/privateKey'],
    ['a padded private key', { ...key, privateKey: `${key.privateKey}=` }, '/privateKey'],
    ['halves of two keys', { ...key, privateKey: generateVapidKey().privateKey }, '/privateKey'],
    ['a private key of zeros', { ...key, privateKey: 'A'.repeat(43) }, '/privateKey'],
    ['an id with a slash', { ...key, id: 'a/b' }, '/id'],
  ])('refuses %s and never repeats the private key', (_what, input, field) => {
    const parsed = parseVapidKey(input);
    expect(parsed).toMatchObject({ ok: false, field });
    expect(JSON.stringify(parsed)).not.toContain(key.privateKey);
  });

  it('keeps several, the first for new subscriptions', () => {
    const other = generateVapidKey();
    const ring = createVapidKeyRing([key, other]);
    expect([ring.current, ring.find(other.id), ring.find('gone')]).toEqual([key, other, undefined]);
    expect(() => createVapidKeyRing([])).toThrow(/at least one/);
    expect(() => createVapidKeyRing([key, { ...other, id: key.id }])).toThrow(/differ/);
  });
});

describe('VAPID header', () => {
  const key: VapidKey = generateVapidKey();
  const start = Date.now();

  it('is signed once per key and origin, again when half of its 12 hours are over', async () => {
    const clock = createFakeClock({ startMs: start });
    const header = createVapidHeaders({ subject: 'mailto:ops@example.com', clock });
    const first = header(key, origin);
    expect(claimsOf(first)).toEqual({
      aud: origin,
      sub: 'mailto:ops@example.com',
      exp: Math.floor(start / 1000) + 12 * 3600,
    });
    expect(header(key, origin)).toBe(first);
    expect(claimsOf(header(key, 'https://other.example')).aud).toBe('https://other.example');
    expect(header(generateVapidKey(), origin)).not.toContain(key.publicKey);
    await clock.advance(5.9 * HOUR_MS);
    expect(header(key, origin)).toBe(first);
    await clock.advance(0.2 * HOUR_MS);
    expect(claimsOf(header(key, origin)).exp).toBe(Math.floor(clock.nowMs() / 1000) + 12 * 3600);
  });

  it('is signed again when the clock was set back, so that exp never lies more than 12 hours ahead', () => {
    const clock = createFakeClock({ startMs: start });
    const header = createVapidHeaders({ subject: 'mailto:ops@example.com', clock });
    const first = header(key, origin);
    clock.jumpWallClock(-HOUR_MS);
    expect(claimsOf(header(key, origin)).exp).toBe(claimsOf(first).exp - 3600);
  });

  it('forgets the origin unused longest beyond 256', () => {
    const clock = createFakeClock({ startMs: start });
    const header = createVapidHeaders({ subject: 'mailto:ops@example.com', clock });
    const first = header(key, origin);
    for (let index = 0; index < 256; index += 1) header(key, `https://p${index}.example`);
    // ES256 signatures are random: the same token means the same signing.
    expect(header(key, origin)).not.toBe(first);
  });
});
