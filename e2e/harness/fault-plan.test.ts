import { expect, it } from 'vitest';
import { disturbedWorkers, FAULT_ROUND, planFaults } from './fault-plan.ts';

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

it('knows whose sends a fault may repeat', () => {
  expect(disturbedWorkers({ kind: 'kill', service: 'fcm-worker', member: 0 })).toEqual(['fcm-worker']);
  expect(disturbedWorkers({ kind: 'kill', service: 'router', member: 0 })).toEqual([]);
  expect(disturbedWorkers({ kind: 'broker-kill', downMs: 0 })).toEqual(['webpush-worker', 'fcm-worker']);
});
