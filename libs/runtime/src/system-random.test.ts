import { expect, it } from 'vitest';
import { createSystemRandom } from './system-random.ts';

it('gives as many bytes as were asked for, never the same and never none', () => {
  const random = createSystemRandom();
  const lengths = Array.from({ length: 2_000 }, (_, index) => 12 + (index % 60));
  const given = lengths.map((length) => random.bytes(length));
  expect(given.map((bytes) => bytes.length)).toEqual(lengths);
  const pieces = given.map((bytes) => Buffer.from(bytes.subarray(0, 12)).toString('hex'));
  expect(new Set(pieces).size).toBe(pieces.length);
  expect(given.filter((bytes) => bytes.every((byte) => byte === 0))).toEqual([]);
});

it.each([0, 1, 4_095, 4_096, 4_097, 100_000])('gives %i bytes', (length) => {
  const random = createSystemRandom();
  const [first, second] = [random.bytes(length), random.bytes(length)];
  expect([first.length, second.length]).toEqual([length, length]);
  if (length > 16) expect(first).not.toEqual(second);
});
