import { randomBytes } from 'node:crypto';
import type { Random } from '@belfry/core/random';

/** `next` for jitter, `bytes` from the operating system's generator for identifiers and secrets. */
export function createSystemRandom(): Random {
  return {
    next: () => Math.random(),
    bytes: (length) => new Uint8Array(randomBytes(length)),
  };
}
