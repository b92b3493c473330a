import type { WebPushAddress } from '@belfry/core/device';
import webpush from 'web-push';

/** Largest plaintext in bytes: 4096 that every service takes (RFC 8030 §7.2) less header 86, delimiter 1 and tag 16. */
export const MAX_PLAINTEXT_BYTES = 3993;

/**
 * The body of a push message: aes128gcm by RFC 8291, one record. Undefined when the subscription's keys cannot be used, which
 * `validateDevice` would have refused.
 */
export function encryptPayload(address: WebPushAddress, plaintext: Buffer): Buffer | undefined {
  try {
    return webpush.encrypt(address.p256dh, address.auth, plaintext, 'aes128gcm').cipherText;
  } catch {
    return undefined;
  }
}
