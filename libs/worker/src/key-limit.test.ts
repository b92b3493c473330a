import { expect, it } from 'vitest';
import { createKeyLimit } from './key-limit.ts';

it('admits up to the limit per key, and hands a freed slot to whom waits longest for that key', () => {
  const limit = createKeyLimit<string>(2);
  limit.acquire('host');
  limit.acquire('host');
  expect([limit.admits('host'), limit.admits('other')]).toEqual([false, true]);
  limit.park('host', 'first');
  limit.park('host', 'second');
  limit.park('other', 'elsewhere');
  expect(limit.waiting).toBe(3);
  expect(limit.release('host')).toBe('first');
  expect(limit.admits('host')).toBe(true);
  expect(limit.release('host')).toBe('second');
  expect(limit.release('host')).toBeUndefined();
  expect(limit.unparkAll()).toEqual(['elsewhere']);
  expect(limit.waiting).toBe(0);
});
