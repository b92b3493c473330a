import { createHash } from 'node:crypto';
import type { Random } from '@belfry/core/random';
import { v7 } from 'uuid';

/** A UUIDv7 (RFC 9562 §5.7): ids of later notifications sort later. */
export function randomNotificationId(nowMs: number, random: Random): string {
  return v7({ msecs: nowMs, random: random.bytes(16) });
}

/** More than a request has notifications. */
const INDEX_BITS = 12;

/** The id of the `index`-th notification (< 4,096) of an idempotent request: the same for every repeat, whichever process serves it. */
export function notificationIdFrom(seedHex: string, index: number): string {
  const seed = Buffer.from(seedHex, 'hex');
  const random = createHash('sha256').update(seed).update(`:${index}`).digest().subarray(0, 16);
  // The sequence begins at a random number of the request's own, or the ids of two requests in one millisecond would differ in 42 bits only.
  const seq = (((seed.readUInt32BE(6) >>> INDEX_BITS) << INDEX_BITS) | index) >>> 0;
  return v7({ msecs: seed.readUIntBE(0, 6), random, seq });
}
