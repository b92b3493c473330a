import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import webpush from 'web-push';
import { decryptPushMessage } from './decrypt.ts';
import { createSubscription, subscriptionJson } from './subscription.ts';

const SERVER_KEY = webpush.generateVAPIDKeys().publicKey;
const decode = (text: string) => Buffer.from(text, 'base64url');

describe('decryptPushMessage', () => {
  it('opens the example of RFC 8291 §5', () => {
    const body = decode(
      'DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN',
    );
    const secrets = {
      privateKey: decode('q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94'),
      publicKey: decode('BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4'),
      authSecret: decode('BTBZMqHH6r4Tts7J_aSIgg'),
    };
    const opened = decryptPushMessage(body, secrets);
    expect(opened.ok && opened.plaintext.toString()).toBe('When I grow up, I want to be a watermelon');
  });

  const subscription = createSubscription(SERVER_KEY);
  const { keys } = subscriptionJson(subscription, 'https://push.example/wp/1');
  const encrypt = (plaintext: Buffer) => webpush.encrypt(keys.p256dh, keys.auth, plaintext, 'aes128gcm').cipherText;

  it('opens what web-push makes, of every length that fits', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3993 }), (length) => {
        const plaintext = randomBytes(length);
        const opened = decryptPushMessage(encrypt(plaintext), subscription.secrets);
        expect(opened.ok && opened.plaintext.equals(plaintext)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('refuses a message with any one bit flipped', () => {
    const body = encrypt(Buffer.from('{"title":"bell"}'));
    fc.assert(
      fc.property(fc.integer({ min: 0, max: body.length * 8 - 1 }), (bit) => {
        const flipped = Buffer.from(body);
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const opened = decryptPushMessage(flipped, subscription.secrets);
        // A larger record size says the same for a message of one record; every other bit counts.
        const recordSizeOnly = bit >> 3 >= 16 && bit >> 3 < 20;
        expect(opened.ok).toBe(recordSizeOnly && flipped.readUInt32BE(16) >= body.length - 86);
      }),
      { numRuns: 150 },
    );
  });

  it.each([
    ['nothing', Buffer.alloc(0), 'shorter'],
    ['a header alone', encrypt(Buffer.from('x')).subarray(0, 90), 'shorter'],
    ['another subscription', undefined, 'authentication tag'],
  ])('refuses %s', (_what, body, reason) => {
    const other = createSubscription(SERVER_KEY);
    const opened = decryptPushMessage(body ?? encrypt(Buffer.from('x')), other.secrets);
    expect(opened).toEqual({ ok: false, reason: expect.stringContaining(reason) });
  });
});
