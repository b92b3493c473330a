import { createFakeClock } from '@belfry/testing/fake-clock';
import { expect, it } from 'vitest';
import { createWatchdog } from './watchdog.ts';

function watch(limitMs: number) {
  const clock = createFakeClock();
  const silences: number[] = [];
  const watchdog = createWatchdog({ clock, limitMs, onSilence: (silentMs) => silences.push(silentMs) });
  return { clock, silences, watchdog };
}

it('says nothing while there are signs of life, with one timer', async () => {
  const { clock, silences, watchdog } = watch(1_000);
  for (let count = 0; count < 50; count++) {
    await clock.advance(400);
    watchdog.alive();
    expect(clock.pending).toBe(1);
  }
  expect(silences).toEqual([]);
});

it('tells of a silence, and again for as long as it lasts', async () => {
  const { clock, silences, watchdog } = watch(1_000);
  await clock.advance(600);
  watchdog.alive();
  await clock.advance(999);
  expect(silences).toEqual([]);
  await clock.advance(1);
  expect(silences).toEqual([1_000]);
  await clock.advance(2_000);
  expect(silences).toEqual([1_000, 2_000, 3_000]);
});

it('allows more once, until the next sign of life', async () => {
  const { clock, silences, watchdog } = watch(1_000);
  watchdog.allow(5_000);
  await clock.advance(5_900);
  watchdog.alive();
  await clock.advance(900);
  expect(silences).toEqual([]);
  await clock.advance(200);
  expect(silences).toHaveLength(1);
});

it('is silent itself once it was stopped', async () => {
  const { clock, silences, watchdog } = watch(1_000);
  watchdog.stop();
  await clock.advance(10_000);
  expect([silences, clock.pending]).toEqual([[], 0]);
});
