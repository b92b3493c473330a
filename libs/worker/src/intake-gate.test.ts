import { createSeededRandom } from '@belfry/testing/seeded-random';
import { describe, expect, it } from 'vitest';
import { createIntakeGate, pauseAfterMs } from './intake-gate.ts';

describe('pause', () => {
  it.each([
    [1, 200],
    [2, 400],
    [3, 800],
    [5, 3_200],
    [6, 5_000],
    [1_000_000, 5_000],
  ])('after %i failures in a row lasts %i ms, and at most a quarter more with jitter', (failures, pauseMs) => {
    expect(pauseAfterMs(failures, undefined)).toBe(pauseMs);
    const random = createSeededRandom(failures);
    for (let draw = 0; draw < 100; draw++) {
      const jittered = pauseAfterMs(failures, random);
      expect(jittered).toBeGreaterThanOrEqual(pauseMs);
      expect(jittered).toBeLessThan(pauseMs * 1.25);
    }
  });
});

describe('intake gate', () => {
  it('lets one handler probe at a time, and opens on its success', () => {
    const gate = createIntakeGate(undefined);
    expect(gate.failed(gate.started(), 'down')).toBe(200);
    expect([gate.state, gate.mayStart(), gate.reason]).toEqual(['closed', false, 'down']);
    gate.probe();
    expect(gate.mayStart()).toBe(true);
    const probe = gate.started();
    expect(gate.mayStart()).toBe(false);
    expect(gate.succeeded(probe)).toBe(true);
    expect([gate.state, gate.mayStart(), gate.reason]).toEqual(['open', true, undefined]);
  });

  it('takes no word from handlers that started before it closed', () => {
    const gate = createIntakeGate(undefined);
    const [first, second, third] = [gate.started(), gate.started(), gate.started()];
    expect(gate.failed(first, 'down')).toBe(200);
    expect(gate.failed(second, 'down')).toBeUndefined();
    expect(gate.succeeded(third)).toBe(false);
    gate.probe();
    expect(gate.succeeded(third)).toBe(false);
    expect(gate.failed(gate.started(), 'still down')).toBe(400);
  });

  it('forgets earlier failures once it has opened', () => {
    const gate = createIntakeGate(undefined);
    gate.failed(gate.started(), 'down');
    gate.probe();
    gate.succeeded(gate.started());
    expect(gate.failed(gate.started(), 'down')).toBe(200);
  });
});
