import { describe, expect, it } from 'vitest';
import { createSeededRandom } from './seeded-random.ts';

describe('seeded random', () => {
  it('repeats itself for the same seed and differs for another', () => {
    const draw = (seed: number) => {
      const random = createSeededRandom(seed);
      return [random.next(), random.next(), ...random.bytes(4)];
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });

  it('fills [0, 1) evenly enough', () => {
    const random = createSeededRandom(1);
    const tenths = Array.from({ length: 10 }, () => 0);
    for (let draws = 0; draws < 10_000; draws++) {
      const value = random.next();
      expect(value >= 0 && value < 1).toBe(true);
      const tenth = Math.floor(value * 10);
      tenths[tenth] = (tenths[tenth] ?? 0) + 1;
    }
    expect(Math.min(...tenths)).toBeGreaterThan(850);
    expect(Math.max(...tenths)).toBeLessThan(1_150);
  });
});
