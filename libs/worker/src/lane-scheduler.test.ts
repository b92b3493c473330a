import { describe, expect, it } from 'vitest';
import { createLaneScheduler, type LaneScheduler } from './lane-scheduler.ts';

const TRANSACTIONAL = 0;
const BULK = 1;
const both = () => true;
const only = (lane: number) => (asked: number) => asked === lane;

function startAll(scheduler: LaneScheduler, hasWork: (lane: number) => boolean): number[] {
  const started: number[] = [];
  for (let lane = scheduler.start(hasWork); lane !== undefined; lane = scheduler.start(hasWork)) started.push(lane);
  return started;
}

describe('weights', () => {
  it('are followed by the starts while both lanes have work, evenly spread', () => {
    const scheduler = createLaneScheduler([8, 1], 16);
    const starts: number[] = [];
    for (let round = 0; round < 90; round++) {
      const lane = scheduler.start(both);
      if (lane === undefined) throw new Error('a slot was free');
      starts.push(lane);
      scheduler.finish(lane);
    }
    expect(starts.filter((lane) => lane === BULK)).toHaveLength(10);
    for (let from = 0; from < 90; from += 9) {
      expect(starts.slice(from, from + 9).filter((lane) => lane === BULK)).toHaveLength(1);
    }
  });

  it('share the slots when all are taken', () => {
    const started = startAll(createLaneScheduler([8, 1], 18), both);
    expect(started.filter((lane) => lane === BULK)).toHaveLength(2);
  });

  it('hold for slots, not starts: slow bulk handlers do not gather them', () => {
    const scheduler = createLaneScheduler([8, 1], 18);
    startAll(scheduler, both);
    for (let round = 0; round < 1_000; round++) {
      scheduler.finish(TRANSACTIONAL);
      expect(scheduler.start(both)).toBe(TRANSACTIONAL);
    }
  });
});

describe('a lane that is alone with work', () => {
  it.each([
    { concurrency: 1, transactional: 1, bulk: 1 },
    { concurrency: 2, transactional: 2, bulk: 1 },
    { concurrency: 8, transactional: 8, bulk: 7 },
    { concurrency: 64, transactional: 64, bulk: 56 },
  ])('takes $transactional of $concurrency slots if heavy, $bulk if light', ({ concurrency, transactional, bulk }) => {
    const weights = [8, 1];
    expect(startAll(createLaneScheduler(weights, concurrency), only(TRANSACTIONAL))).toHaveLength(transactional);
    expect(startAll(createLaneScheduler(weights, concurrency), only(BULK))).toHaveLength(bulk);
  });

  it('takes every slot when there is no other lane, or all weigh the same', () => {
    expect(startAll(createLaneScheduler([1], 8), both)).toHaveLength(8);
    expect(startAll(createLaneScheduler([1, 1], 8), only(BULK))).toHaveLength(8);
  });
});

it('gives every freed slot to transactional work that arrives while bulk fills the process', () => {
  const scheduler = createLaneScheduler([8, 1], 16);
  expect(startAll(scheduler, only(BULK))).toHaveLength(14);
  expect(startAll(scheduler, both)).toEqual([TRANSACTIONAL, TRANSACTIONAL]);
  for (let freed = 0; freed < 12; freed++) {
    scheduler.finish(BULK);
    expect(scheduler.start(both)).toBe(TRANSACTIONAL);
  }
  expect(scheduler.inFlight).toBe(16);
});

it('gives bulk its share back when transactional work fills the process', () => {
  const scheduler = createLaneScheduler([8, 1], 16);
  startAll(scheduler, only(TRANSACTIONAL));
  scheduler.finish(TRANSACTIONAL);
  expect(scheduler.start(both)).toBe(BULK);
});
