import type { Random } from '@belfry/core/random';

/**
 * The same seed gives the same numbers on every machine (splitmix32: a Weyl sequence through a bit mixer). Good enough to spread
 * tests over their space, and for nothing else: never use it outside tests.
 */
export function createSeededRandom(seed: number): Random {
  let state = seed | 0;
  const nextWord = (): number => {
    state = (state + 0x9e3779b9) | 0;
    let word = state ^ (state >>> 16);
    word = Math.imul(word, 0x21f0aaad);
    word ^= word >>> 15;
    word = Math.imul(word, 0x735a2d97);
    return (word ^ (word >>> 15)) >>> 0;
  };
  return {
    next: () => nextWord() / 2 ** 32,
    bytes: (length) => Uint8Array.from({ length }, () => nextWord() & 0xff),
  };
}
