import { createFakeClock } from '@belfry/testing/fake-clock';
import { expect, it } from 'vitest';
import { createKeyLimit } from './key-limit.ts';

function open(limit: number, slowMs?: number) {
  const clock = createFakeClock();
  const refused: string[] = [];
  const onSlow = (items: readonly string[]) => void refused.push(...items);
  return { clock, refused, limit: createKeyLimit<string>({ limit, slowMs, clock, onSlow }) };
}

it('admits up to the limit per key, and hands a freed slot to whom waits longest for that key', () => {
  const { limit, clock } = open(2);
  limit.acquire('host', 'a');
  limit.acquire('host', 'b');
  expect([limit.admits('host'), limit.admits('other')]).toEqual([false, true]);
  limit.park('host', 'first');
  limit.park('host', 'second');
  limit.park('other', 'elsewhere');
  expect(limit.waiting).toBe(3);
  expect(limit.release('host', 'a')).toBe('first');
  expect(limit.admits('host')).toBe(true);
  expect(limit.release('host', 'b')).toBe('second');
  expect(limit.release('host', 'never had one')).toBeUndefined();
  expect(limit.unparkAll()).toEqual(['elsewhere']);
  expect([limit.waiting, clock.pending]).toEqual([0, 0]);
});

it('calls a key slow while half of its slots have been taken for too long', async () => {
  const { limit, clock } = open(4, 1_000);
  limit.acquire('host', 'a');
  await clock.advance(500);
  for (const item of ['b', 'c', 'd']) limit.acquire('host', item);
  await clock.advance(500);
  // One of four.
  expect(limit.isSlow('host')).toBe(false);
  await clock.advance(499);
  expect(limit.isSlow('host')).toBe(false);
  await clock.advance(1);
  expect([limit.isSlow('host'), limit.isSlow('other')]).toEqual([true, false]);
  for (const item of ['b', 'c', 'd']) {
    limit.release('host', item);
    limit.acquire('host', `next ${item}`);
  }
  expect(limit.isSlow('host')).toBe(false);
});

it('hands back what waits for a key once it is slow, and leaves the others waiting', async () => {
  const { limit, clock, refused } = open(1, 1_000);
  limit.acquire('slow', 'a');
  limit.park('slow', 'b');
  limit.park('slow', 'c');
  await clock.advance(900);
  limit.acquire('quick', 'x');
  limit.park('quick', 'y');
  await clock.advance(100);
  expect(refused).toEqual(['b', 'c']);
  expect(limit.waiting).toBe(1);
  expect(limit.release('quick', 'x')).toBe('y');
  expect(clock.pending).toBe(0);
});

it('looks again as long as somebody waits', async () => {
  const { limit, clock, refused } = open(1, 1_000);
  limit.acquire('host', 'a');
  limit.park('host', 'b');
  limit.park('host', 'c');
  await clock.advance(500);
  limit.release('host', 'a');
  limit.acquire('host', 'b');
  await clock.advance(1_499);
  expect(refused).toEqual([]);
  await clock.advance(1);
  expect(refused).toEqual(['c']);
});
