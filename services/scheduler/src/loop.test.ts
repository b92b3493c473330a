import { sleep } from '@belfry/core/clock';
import { createLogger } from '@belfry/runtime';
import { createFakeClock } from '@belfry/testing/fake-clock';
import { expect, it } from 'vitest';
import { createLoop } from './loop.ts';

it('goes on after an error, is not ready meanwhile, and ends its step when it is stopped', async () => {
  const clock = createFakeClock();
  let steps = 0;
  let broken = false;
  const loop = createLoop('work', clock, createLogger({ level: 'silent' }), async (signal) => {
    steps++;
    if (broken) throw new Error('the store is down');
    await sleep(clock, 100, signal);
  });

  await loop.start();
  await clock.advance(250);
  expect(steps).toBe(3);
  expect(loop.unready?.()).toBeUndefined();

  broken = true;
  await clock.advance(50);
  expect(loop.unready?.()).toBe('the store is down');
  await clock.advance(999);
  expect(steps).toBe(4);

  broken = false;
  await clock.advance(1);
  await clock.advance(100);
  expect(loop.unready?.()).toBeUndefined();

  await loop.stop();
  expect(clock.pending).toBe(0);
});
