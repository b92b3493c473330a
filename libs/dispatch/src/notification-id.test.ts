import { idempotencySeed } from '@belfry/core/idempotency-seed';
import { createSeededRandom } from '@belfry/testing/seeded-random';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { notificationIdFrom, randomNotificationId } from './notification-id.ts';

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const NOW_MS = Date.UTC(2026, 0, 1);
const random = createSeededRandom(11);

describe('notification ids', () => {
  it('are UUIDv7s of their time, and later ones sort later', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 40), fc.integer({ min: 1, max: 2 ** 30 }), (at, gap) => {
        const earlier = randomNotificationId(at, random);
        expect(earlier).toMatch(UUID_V7);
        expect(Number.parseInt(earlier.slice(0, 13).replace('-', ''), 16)).toBe(at);
        expect(earlier < randomNotificationId(at + gap, random)).toBe(true);
      }),
    );
  });

  it('differ within a millisecond', () => {
    const ids = Array.from({ length: 1_000 }, () => randomNotificationId(NOW_MS, random));
    expect(new Set(ids).size).toBe(1_000);
  });

  it('from a seed are the same for every repeat, whichever process makes them', () => {
    const seed = idempotencySeed(NOW_MS, random);
    expect(notificationIdFrom(seed, 3)).toBe(notificationIdFrom(seed, 3));
    expect(notificationIdFrom('0196f0000000a1b2c3d4e5f607180001', 0)).toBe(FIRST_OF_SEED);
  });

  it('from a seed sort with others of that time, and among themselves by their place', () => {
    const seed = idempotencySeed(NOW_MS, random);
    const ids = Array.from({ length: 1_000 }, (_, index) => notificationIdFrom(seed, index));
    expect(ids).toEqual(ids.toSorted());
    expect(new Set(ids).size).toBe(1_000);
    for (const id of ids) expect(id).toMatch(UUID_V7);
    expect(randomNotificationId(NOW_MS - 1, random) < (ids[0] ?? '')).toBe(true);
    expect((ids.at(-1) ?? '') < randomNotificationId(NOW_MS + 1, random)).toBe(true);
  });

  it('of different seeds have nothing in common', () => {
    const seeds = Array.from({ length: 200 }, () => idempotencySeed(NOW_MS, random));
    expect(new Set(seeds.flatMap((seed) => [0, 1].map((index) => notificationIdFrom(seed, index)))).size).toBe(400);
  });
});

/** A change of the derivation would give a request that is repeated across an upgrade a second notification. */
const FIRST_OF_SEED = '0196f000-0000-7a1b-8b00-0009eda4f881';
