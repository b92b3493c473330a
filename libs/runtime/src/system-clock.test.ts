import { expect, it } from 'vitest';
import { createSystemClock } from './system-clock.ts';

const clock = createSystemClock();

it('never runs a task early', async () => {
  for (const delayMs of [0, 1, 2.5, 7, 13]) {
    const startMs = clock.monotonicMs();
    await new Promise<void>((resolve) => clock.schedule(delayMs, resolve));
    expect(clock.monotonicMs() - startMs).toBeGreaterThanOrEqual(delayMs);
  }
});

it('does not run a cancelled task, nor one that is due after the longest timeout of Node', async () => {
  let ran = 0;
  const cancelNear = clock.schedule(1, () => {
    ran += 1;
  });
  const cancelFar = clock.schedule(2 ** 40, () => {
    ran += 1;
  });
  cancelNear();
  await new Promise<void>((resolve) => clock.schedule(20, resolve));
  cancelFar();
  cancelFar();
  expect(ran).toBe(0);
});
