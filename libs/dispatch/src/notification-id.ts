import { createHash } from 'node:crypto';
import type { Random } from '@belfry/core/random';
import { v7 } from 'uuid';

/** A UUIDv7 (RFC 9562 §5.7): ids of later notifications sort later. */
export function randomNotificationId(nowMs: number, random: Random): string {
  return v7({ msecs: nowMs, random: random.bytes(16) });
}

/** The id of the `index`-th notification of an idempotent request: the same for every repeat, whichever process serves it. */
export function notificationIdFrom(seedHex: string, index: number): string {
  const seed = Buffer.from(seedHex, 'hex');
  const random = createHash('sha256').update(seed).update(`:${index}`).digest().subarray(0, 16);
  return v7({ msecs: seed.readUIntBE(0, 6), random, seq: index });
}
