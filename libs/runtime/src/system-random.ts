import { randomFillSync } from 'node:crypto';
import type { Random } from '@belfry/core/random';

/** Asking the operating system for 16 bytes takes twenty times as long as copying them from what it gave before. */
const KEPT_BYTES = 4_096;

/** `next` for jitter, `bytes` from the operating system's generator for identifiers and secrets. */
export function createSystemRandom(): Random {
  const kept = Buffer.alloc(KEPT_BYTES);
  let used = KEPT_BYTES;

  function bytes(length: number): Uint8Array {
    if (length > KEPT_BYTES) return randomFillSync(new Uint8Array(length));
    if (used + length > KEPT_BYTES) {
      randomFillSync(kept);
      used = 0;
    }
    const given = kept.subarray(used, used + length);
    used += length;
    const copy = new Uint8Array(given);
    // A secret is nowhere else than where it was asked for.
    given.fill(0);
    return copy;
  }

  return { next: () => Math.random(), bytes };
}
