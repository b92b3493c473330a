import { createHash } from 'node:crypto';

/** APNs takes at most 64 bytes in `apns-collapse-id`. */
const MAX_APNS_COLLAPSE_BYTES = 64;
/** RFC 8030 §5.4: a Web Push Topic is at most 32 characters of the URL-safe base64 alphabet. */
const WEB_PUSH_TOPIC = /^[A-Za-z0-9_-]{1,32}$/;

/** The key itself where APNs takes it, otherwise a hash of it: equal keys still collapse. */
export function apnsCollapseId(key: string): string {
  return Buffer.byteLength(key) <= MAX_APNS_COLLAPSE_BYTES && /^[\x20-\x7e]+$/.test(key) ? key : shortHash(key);
}

/** The key itself where it is a valid Topic, otherwise a hash of it. */
export function webPushTopic(key: string): string {
  return WEB_PUSH_TOPIC.test(key) ? key : shortHash(key);
}

function shortHash(key: string): string {
  return createHash('sha256').update(key).digest().subarray(0, 24).toString('base64url');
}
