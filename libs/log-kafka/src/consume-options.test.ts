import { expect, it } from 'vitest';
import { consumeLimits } from './consume-options.ts';

it('has defaults that go together', () => {
  expect(consumeLimits()).toEqual(consumeLimits({}));
});

it.each([
  [6_000, 45_000],
  [300_000, 450_000],
])('with a session of %i ms calls the loop silent after %i', (sessionTimeoutMs, stallTimeoutMs) => {
  expect(consumeLimits({ sessionTimeoutMs })).toMatchObject({ stallTimeoutMs });
});

it.each([
  [{ maxWaitMs: 0 }, 'maxWaitMs must be a whole number of at least 1, not 0'],
  [{ sessionTimeoutMs: 1.5 }, 'sessionTimeoutMs must be a whole number'],
  [{ sessionTimeoutMs: 2_000 }, 'heartbeatIntervalMs must be at most a third of sessionTimeoutMs, not 1000 of 2000'],
  [{ stallTimeoutMs: 30_000 }, 'stallTimeoutMs must be above sessionTimeoutMs, not 30000 with 30000'],
])('refuses %o', (options, message) => {
  expect(() => consumeLimits(options)).toThrow(message);
});
