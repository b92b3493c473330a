import { describe, expect, it } from 'vitest';
import { countInversions, repetitions } from './arrivals.ts';

const OWED = ['a', 'b', 'c', 'd'];

describe('the order of first arrivals', () => {
  it.each([
    [['a', 'b', 'c', 'd'], 0],
    [['a', 'b', 'a', 'b', 'c'], 0],
    [['b', 'd'], 0],
    [['a', 'c', 'b', 'd'], 1],
    [['b', 'a', 'd', 'c'], 2],
    [['stranger', 'a'], 0],
    [[], 0],
  ])('%j has %i inversions', (arrived, inversions) => {
    expect(countInversions(arrived, OWED)).toBe(inversions);
  });

  it('leaves out what was no first attempt', () => {
    expect(countInversions(['a', 'c', 'd', 'b'], OWED, (id) => id !== 'b')).toBe(0);
  });
});

it('counts every arrival after the first', () => {
  expect(repetitions(['a', 'b', 'a', 'a'])).toBe(2);
});
