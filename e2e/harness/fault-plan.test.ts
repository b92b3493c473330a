import { expect, it } from 'vitest';
import { FAULT_ROUND, planFaults } from './fault-plan.ts';

it('is the same for the same seed, and another for another', () => {
  const [first, again, other] = [7, 7, 8].map((seed) => planFaults(40, seed));
  expect(first).toHaveLength(40);
  expect(again).toEqual(first);
  expect(other).not.toEqual(first);
});

it.each([1, 2, 3])('has every kind in its first round (seed %i)', (seed) => {
  const kinds = planFaults(FAULT_ROUND, seed).map(({ kind }) => kind);
  expect(new Set(kinds)).toEqual(new Set(['kill', 'freeze', 'replace', 'scale', 'broker-kill', 'cut']));
});
