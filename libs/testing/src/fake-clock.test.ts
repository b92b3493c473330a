import { sleep } from '@belfry/core/clock';
import { describe, expect, it } from 'vitest';
import { createFakeClock } from './fake-clock.ts';

describe('fake clock', () => {
  it('runs due tasks in order of due time, then of scheduling, at their own time', async () => {
    const clock = createFakeClock({ startMs: 1_000 });
    const seen: [string, number][] = [];
    const note = (name: string) => () => seen.push([name, clock.nowMs()]);
    clock.schedule(20, note('late'));
    clock.schedule(10, note('first'));
    clock.schedule(10, note('second'));
    clock.schedule(31, note('not yet'));
    await clock.advance(30);
    expect(seen).toEqual([
      ['first', 1_010],
      ['second', 1_010],
      ['late', 1_020],
    ]);
    expect(clock.nowMs()).toBe(1_030);
    expect(clock.pending).toBe(1);
  });

  it('lets promises run between tasks, so that what they schedule is run in the same advance when due', async () => {
    const clock = createFakeClock();
    const atMs: number[] = [];
    const loop = async () => {
      for (let round = 0; round < 3; round++) {
        await sleep(clock, 10);
        atMs.push(clock.monotonicMs());
      }
    };
    const done = loop();
    await clock.advance(100);
    await done;
    expect(atMs).toEqual([10, 20, 30]);
  });

  it('does not run what was cancelled, and cancelling late is harmless', async () => {
    const clock = createFakeClock();
    let runs = 0;
    const cancelled = clock.schedule(5, () => runs++);
    const late = clock.schedule(5, () => runs++);
    cancelled();
    await clock.advance(5);
    late();
    expect(runs).toBe(1);
  });

  it('keeps monotonic time when the wall clock jumps', () => {
    const clock = createFakeClock({ startMs: 5_000 });
    clock.jumpWallClock(-2_000);
    expect([clock.nowMs(), clock.monotonicMs()]).toEqual([3_000, 0]);
  });
});
