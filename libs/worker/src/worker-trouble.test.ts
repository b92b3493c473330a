import type { Log } from '@belfry/core/log';
import { createFakeClock } from '@belfry/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import { createInMemoryLog } from './testing/in-memory-log.ts';
import { startWorkerBench, TRANSACTIONAL } from './testing/worker-bench.ts';
import { createWorker } from './worker.ts';

const names = (handlers: readonly { readonly name: string }[]) => handlers.map((handler) => handler.name);
const down = new Error('store is down');

describe('a handler that fails with the verdict retry', () => {
  it('pauses the whole worker, probes with one handler at a time, and goes on when one succeeds', async () => {
    const bench = await startWorkerBench({ concurrency: 2 });
    bench.append(TRANSACTIONAL, 0, ['a', 'a', 'b', 'c']);
    await bench.deliver();
    expect(bench.worker.unready?.()).toBeUndefined();
    await bench.finish('a@0', down);
    await bench.finish('b@2');
    expect(bench.open).toEqual([]);
    expect(bench.worker.unready?.()).toBe('handlers fail, intake is paused: store is down');
    await bench.clock.advance(199);
    expect(bench.open).toEqual([]);
    await bench.clock.advance(1);
    expect(names(bench.open)).toEqual(['c@3']);
    await bench.finish('c@3');
    expect(bench.worker.unready?.()).toBeUndefined();
    expect(names(bench.open)).toEqual(['a@0']);
    await bench.finish('a@0');
    await bench.finish('a@1');
    expect(bench.started).toEqual(['a@0', 'b@2', 'c@3', 'a@0', 'a@1']);
    expect(bench.observed).toEqual(['closed 200: store is down', 'opened']);
    await bench.clock.advance(1_000);
    expect(bench.committed(TRANSACTIONAL, 0)).toBe(4n);
  });

  it('doubles the pause up to 5 s while probes fail, skips nothing and commits nothing', async () => {
    const bench = await startWorkerBench();
    bench.append(TRANSACTIONAL, 0, ['a']);
    await bench.deliver();
    const pausesMs = [200, 400, 800, 1_600, 3_200, 5_000, 5_000];
    for (const pauseMs of pausesMs) {
      await bench.finish('a@0', down);
      await bench.clock.advance(pauseMs);
    }
    expect(bench.observed).toEqual(pausesMs.map((pauseMs) => `closed ${pauseMs}: store is down`));
    expect(bench.started).toHaveLength(pausesMs.length + 1);
    expect(bench.committed(TRANSACTIONAL, 0)).toBe(0n);
  });

  it('counts handlers that fail together as one failure', async () => {
    const bench = await startWorkerBench();
    bench.append(TRANSACTIONAL, 0, ['a', 'b', 'c']);
    await bench.deliver();
    for (const name of ['a@0', 'b@1', 'c@2']) await bench.finish(name, down);
    expect(bench.observed).toEqual(['closed 200: store is down']);
  });

  it('gives a record that always fails growing waits of its own, so that others keep running', async () => {
    const bench = await startWorkerBench();
    bench.append(TRANSACTIONAL, 0, ['poison']);
    await bench.deliver();
    for (let second = 0; second < 60; second++) {
      bench.append(TRANSACTIONAL, 0, [`key-${second}`]);
      for (let step = 0; step < 10; step++) {
        await bench.deliver();
        for (const { name } of [...bench.open]) await bench.finish(name, name.startsWith('poison') ? down : undefined);
        await bench.clock.advance(100);
      }
    }
    const tries = bench.started.filter((name) => name === 'poison@0').length;
    expect(tries).toBeGreaterThan(8);
    expect(tries).toBeLessThan(25);
    expect(new Set(bench.started).size).toBe(61);
    expect(bench.observed.filter((what) => what.startsWith('closed 200:')).length).toBeGreaterThan(tries - 4);
  });

  it('is ready again when the partition that failed is gone: there is nothing to be unready for', async () => {
    const bench = await startWorkerBench();
    bench.append(TRANSACTIONAL, 0, ['a']);
    await bench.deliver();
    await bench.finish('a@0', down);
    bench.log.move(bench.log.partition(TRANSACTIONAL, 0), undefined);
    expect(bench.worker.unready?.()).toBeUndefined();
  });

  it('adds jitter to the pause and never takes any away', async () => {
    const random = { next: () => 0.999, bytes: () => new Uint8Array() };
    const bench = await startWorkerBench({ random });
    bench.append(TRANSACTIONAL, 0, ['a']);
    await bench.deliver();
    await bench.finish('a@0', down);
    await bench.clock.advance(249);
    expect(bench.open).toEqual([]);
    await bench.clock.advance(1);
    expect(names(bench.open)).toEqual(['a@0']);
  });
});

it('starts nothing while commits fail, says so, and goes on when they work again', async () => {
  const bench = await startWorkerBench();
  bench.log.commitError = new Error('log is down');
  bench.append(TRANSACTIONAL, 1, ['a']);
  await bench.deliver();
  await bench.finish('a@0');
  await bench.clock.advance(1_000);
  bench.append(TRANSACTIONAL, 1, ['b']);
  await bench.deliver();
  expect(bench.open).toEqual([]);
  expect(bench.worker.unready?.()).toBe('cannot commit jobs.transactional/1: log is down');
  bench.log.commitError = undefined;
  await bench.clock.advance(200);
  expect(names(bench.open)).toEqual(['b@1']);
  expect(bench.worker.unready?.()).toBeUndefined();
  expect(bench.observed).toEqual([
    'commit failed',
    'closed 200: cannot commit jobs.transactional/1: log is down',
    'opened',
  ]);
});

describe('what comes before a commit', () => {
  it('is waited for, and covers only what was done when it began', async () => {
    const preparations: PromiseWithResolvers<void>[] = [];
    const bench = await startWorkerBench({
      beforeCommit: () => {
        const preparation = Promise.withResolvers<void>();
        preparations.push(preparation);
        return preparation.promise;
      },
    });
    bench.append(TRANSACTIONAL, 0, ['a', 'b']);
    await bench.deliver();
    await bench.finish('a@0');
    await bench.clock.advance(1_000);
    await bench.finish('b@1');
    expect(bench.committed(TRANSACTIONAL, 0)).toBe(0n);
    preparations[0]?.resolve();
    await bench.clock.settle();
    expect(bench.committed(TRANSACTIONAL, 0)).toBe(1n);
    await bench.clock.advance(1_000);
    preparations[1]?.resolve();
    await bench.clock.settle();
    expect(bench.committed(TRANSACTIONAL, 0)).toBe(2n);
    expect(preparations).toHaveLength(2);
  });

  it('holds everything back while it fails', async () => {
    let failure: Error | undefined = new Error('feed is down');
    const bench = await startWorkerBench({
      beforeCommit: async () => {
        if (failure !== undefined) throw failure;
      },
    });
    bench.append(TRANSACTIONAL, 0, ['a']);
    await bench.deliver();
    await bench.finish('a@0');
    await bench.clock.advance(1_000);
    bench.append(TRANSACTIONAL, 0, ['b']);
    await bench.deliver();
    expect(bench.open).toEqual([]);
    expect(bench.committed(TRANSACTIONAL, 0)).toBe(0n);
    expect(bench.worker.unready?.()).toBe('cannot commit jobs.transactional/0: feed is down');
    failure = undefined;
    await bench.clock.advance(200);
    expect(bench.committed(TRANSACTIONAL, 0)).toBe(1n);
    expect(names(bench.open)).toEqual(['b@1']);
  });
});

it('takes an exception thrown before the first await like a rejection', async () => {
  const bench = await startWorkerBench({
    handle: () => {
      throw down;
    },
  });
  bench.append(TRANSACTIONAL, 0, ['a']);
  await bench.deliver();
  expect(bench.observed).toEqual(['closed 200: store is down']);
});

it('stops loudly on the verdict stop: nothing starts or passes the record, what runs is finished and kept', async () => {
  const bench = await startWorkerBench({ concurrency: 3, onHandlerError: () => 'stop' });
  bench.append(TRANSACTIONAL, 0, ['a', 'b', 'b', 'c', 'd']);
  await bench.deliver();
  await bench.finish('b@1', new TypeError('x is not a function'));
  const says = 'handler failed at jobs.transactional/0 offset 1: x is not a function';
  await expect(bench.worker.failed).rejects.toThrow(`bench: ${says}`);
  expect(bench.worker.unready?.()).toBe(says);
  await bench.finish('a@0');
  await bench.finish('c@3');
  await bench.clock.advance(10_000);
  expect(bench.started).toEqual(['a@0', 'b@1', 'c@3']);
  expect(bench.committed(TRANSACTIONAL, 0)).toBe(1n);
  expect(bench.log.partition(TRANSACTIONAL, 0).paused).toBe(true);
});

describe('drain', () => {
  const never = new AbortController().signal;

  it('starts nothing more, waits for what runs, commits it and gives the partitions back', async () => {
    const bench = await startWorkerBench({ concurrency: 1 });
    bench.append(TRANSACTIONAL, 0, ['a', 'b']);
    await bench.deliver();
    const drained = bench.worker.drain?.(never);
    expect(bench.worker.unready?.()).toBe('draining');
    await bench.finish('a@0');
    await drained;
    expect(bench.started).toEqual(['a@0']);
    expect(bench.committed(TRANSACTIONAL, 0)).toBe(1n);
    expect(bench.log.partition(TRANSACTIONAL, 0).owner).toBeUndefined();
    expect(bench.clock.pending).toBe(0);
    await bench.worker.stop();
  });

  it.each([
    { by: 'its budget', drainBudgetMs: 3_000, deadlineMs: 60_000 },
    { by: 'the deadline', drainBudgetMs: 60_000, deadlineMs: 3_000 },
  ])('aborts handlers at the end of $by, keeps what obeys in time and abandons the rest', async (times) => {
    const bench = await startWorkerBench({ drainBudgetMs: times.drainBudgetMs });
    bench.append(TRANSACTIONAL, 0, ['obeys', 'hangs']);
    await bench.deliver();
    const deadline = new AbortController();
    bench.clock.schedule(times.deadlineMs, () => deadline.abort());
    const drained = bench.worker.drain?.(deadline.signal);
    await bench.clock.advance(2_999);
    expect(bench.open.map(({ signal }) => signal.aborted)).toEqual([false, false]);
    await bench.clock.advance(1);
    expect(bench.open.map(({ signal }) => signal.aborted)).toEqual([true, true]);
    await bench.finish('obeys@0');
    await bench.clock.advance(250);
    await drained;
    expect(bench.observed).toEqual(['paused 0', 'paused 1', 'paused 0', 'abandoned 1']);
    expect(bench.committed(TRANSACTIONAL, 0)).toBe(1n);
    await bench.finish('hangs@1');
    await bench.clock.advance(5_000);
    expect(bench.committed(TRANSACTIONAL, 0)).toBe(1n);
  });

  it('leaves no timer of a record that was to be tried again', async () => {
    const bench = await startWorkerBench();
    bench.append(TRANSACTIONAL, 0, ['a']);
    await bench.deliver();
    await bench.finish('a@0', down);
    await bench.clock.advance(200);
    await bench.finish('a@0', down);
    await bench.worker.drain?.(never);
    expect(bench.clock.pending).toBe(0);
    expect(bench.started).toHaveLength(2);
  });

  it('leaves the group also when it is asked while still joining', async () => {
    const log = createInMemoryLog({ [TRANSACTIONAL]: 1 });
    const joining = Promise.withResolvers<void>();
    const slowLog: Log = {
      ...log.port,
      consume: async (options, handler) => {
        await joining.promise;
        return log.port.consume(options, handler);
      },
    };
    const worker = createWorker({
      name: 'late',
      log: slowLog,
      clock: createFakeClock(),
      group: 'late',
      lanes: [{ lane: 'transactional', logTopic: TRANSACTIONAL, weight: 1 }],
      concurrency: 1,
      handle: async () => {},
      onHandlerError: () => 'stop',
    });
    const started = worker.start();
    await worker.drain?.(never);
    joining.resolve();
    await started;
    expect(log.members.map(({ alive }) => alive)).toEqual([false]);
  });

  it('does not hang on a log that is down', async () => {
    const bench = await startWorkerBench();
    bench.append(TRANSACTIONAL, 0, ['a']);
    await bench.deliver();
    await bench.finish('a@0');
    bench.log.commitError = new Error('log is down');
    const drained = bench.worker.drain?.(never);
    await bench.clock.advance(2_000);
    await drained;
    expect(bench.log.partition(TRANSACTIONAL, 0).owner).toBeUndefined();
  });

  it('stop without drain aborts at once, and a worker never started stops too', async () => {
    const bench = await startWorkerBench();
    bench.append(TRANSACTIONAL, 0, ['a']);
    await bench.deliver();
    const stopped = bench.worker.stop();
    expect(bench.open[0]?.signal.aborted).toBe(true);
    await bench.clock.advance(250);
    await stopped;
    await expect(bench.worker.start()).rejects.toThrow('bench was started before');
  });
});
