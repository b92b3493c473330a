import type { Random } from './random.ts';

/**
 * 32 hex digits from which the ids of an idempotent request are derived: 6 bytes of time, so that derived ids sort like others, and 10 random ones.
 */
export function idempotencySeed(nowMs: number, random: Random): string {
  const seed = Buffer.alloc(16);
  seed.writeUIntBE(nowMs, 0, 6);
  seed.set(random.bytes(10), 6);
  return seed.toString('hex');
}
