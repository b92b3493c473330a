import { createFakeClock } from '@belfry/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import { createInMemoryLog } from './testing/in-memory-log.ts';
import { BULK, startWorkerBench, TRANSACTIONAL } from './testing/worker-bench.ts';
import { createWorker } from './worker.ts';
import type { WorkerOptions } from './worker-options.ts';

const names = (handlers: readonly { readonly name: string }[]) => handlers.map((handler) => handler.name);

describe('order and commits', () => {
  it('runs keys beside each other, a key one by one, and commits below the lowest unfinished record', async () => {
    const bench = await startWorkerBench();
    bench.append(TRANSACTIONAL, 0, ['a', 'a', 'b', 'c']);
    await bench.deliver();
    expect(names(bench.open)).toEqual(['a@0', 'b@2', 'c@3']);
    await bench.finish('c@3');
    await bench.finish('a@0');
    expect(names(bench.open)).toEqual(['b@2', 'a@1']);
    await bench.clock.advance(1_000);
    expect(bench.committed(TRANSACTIONAL, 0)).toBe(1n);
    await bench.finish('a@1');
    await bench.finish('b@2');
    await bench.clock.advance(999);
    expect(bench.committed(TRANSACTIONAL, 0)).toBe(1n);
    await bench.clock.advance(1);
    expect(bench.committed(TRANSACTIONAL, 0)).toBe(4n);
    expect(bench.clock.pending).toBe(0);
  });

  it('lets the other keys of a partition go on while one hangs, up to the look-ahead', async () => {
    const bench = await startWorkerBench({ lookAhead: 5 });
    bench.append(TRANSACTIONAL, 0, ['slow', 'a', 'b', 'c', 'd', 'e', 'f']);
    await bench.deliver();
    for (const name of ['a@1', 'b@2', 'c@3', 'd@4']) await bench.finish(name);
    expect(names(bench.open)).toEqual(['slow@0']);
    expect(bench.observed).toEqual(['look-ahead 0']);
    await bench.finish('slow@0');
    expect(names(bench.open)).toEqual(['e@5', 'f@6']);
  });

  it('reads on past a hanging key with more records than may be buffered, up to the look-ahead', async () => {
    const bench = await startWorkerBench({ bufferedRecords: 4, lookAhead: 30 });
    const target = bench.log.partition(TRANSACTIONAL, 0);
    bench.append(TRANSACTIONAL, 0, [...new Array(20).fill('slow'), 'a', 'b', ...new Array(7).fill('slow'), 'c']);
    bench.append(TRANSACTIONAL, 0, ['d', 'e', 'f', 'g', 'h', 'i', 'j']);
    const deliverInBatches = async () => {
      while (bench.log.deliver(target, 3) > 0) await bench.clock.settle();
    };
    await deliverInBatches();
    expect(names(bench.open)).toEqual(['slow@0', 'a@20', 'b@21', 'c@29']);
    for (const name of ['a@20', 'b@21', 'c@29']) await bench.finish(name);
    await deliverInBatches();
    expect(bench.observed).toEqual(['look-ahead 0', 'paused 0']);
    expect(target.position).toBe(36n);
    await bench.finish('slow@0');
    await deliverInBatches();
    expect(names(bench.open)).toEqual(['slow@1', 'd@30']);
  });

  it('resumes when what had to wait for the look-ahead waits for its key', async () => {
    const bench = await startWorkerBench({ bufferedRecords: 2, lookAhead: 4 });
    bench.append(TRANSACTIONAL, 0, ['slow', 'a', 'slow', 'slow', 'slow', 'slow', 'slow']);
    await bench.deliver();
    await bench.finish('slow@0');
    expect(bench.observed).toEqual(['look-ahead 0', 'paused 0']);
    await bench.finish('a@1');
    expect(bench.observed).toEqual(['look-ahead 0', 'paused 0', 'resumed 0']);
    expect(names(bench.open)).toEqual(['slow@2']);
  });

  it('resumes when what could start has to wait for its concurrencyKey', async () => {
    const bench = await startWorkerBench({
      concurrency: 2,
      bufferedRecords: 3,
      concurrencyKey: ({ key }) => key[0],
      perKeyConcurrency: 1,
    });
    bench.append(TRANSACTIONAL, 1, ['a0', 'y']);
    await bench.deliver();
    bench.append(TRANSACTIONAL, 0, ['a1', 'a2', 'a3', 'a4']);
    await bench.deliver();
    expect(bench.observed).toEqual(['paused 0']);
    bench.append(TRANSACTIONAL, 0, ['b']);
    await bench.finish('y@1');
    expect(bench.observed).toEqual(['paused 0', 'resumed 0']);
    await bench.deliver();
    expect(names(bench.open)).toEqual(['a0@0', 'b@4']);
  });

  it('asks the log to pause at bufferedBytes, whatever the records wait for, and to resume at 0.8 of it', async () => {
    const bench = await startWorkerBench({ bufferedBytes: 1_000 });
    const target = bench.log.partition(TRANSACTIONAL, 0);
    for (const bytes of [5_000, 400, 400, 199, 100]) bench.log.appendTo(target, 'slow', 0, bytes);
    bench.log.deliver(target, 4);
    await bench.clock.settle();
    expect(bench.observed).toEqual([]);
    await bench.deliver();
    expect(bench.observed).toEqual(['paused 0']);
    await bench.finish('slow@0', new Error('store is down'));
    await bench.clock.advance(200);
    await bench.finish('slow@0');
    expect(bench.observed.at(-1)).toBe('resumed 0');
  });

  it('asks the log to pause at bufferedRecords and to resume at 0.8 of it', async () => {
    const bench = await startWorkerBench({ concurrency: 1, bufferedRecords: 5 });
    bench.append(TRANSACTIONAL, 0, ['a', 'b', 'c', 'd', 'e', 'f', 'g']);
    bench.log.deliver(bench.log.partition(TRANSACTIONAL, 0), 6);
    expect(bench.observed).toEqual(['paused 0']);
    await bench.finish('a@0');
    expect(bench.observed).toEqual(['paused 0', 'resumed 0']);
    expect(bench.log.partition(TRANSACTIONAL, 0).paused).toBe(false);
  });

  it('holds a partition that comes back until the handlers of its earlier generation have settled', async () => {
    const bench = await startWorkerBench();
    const target = bench.log.partition(TRANSACTIONAL, 0);
    bench.append(TRANSACTIONAL, 0, ['a', 'b']);
    await bench.deliver();
    bench.log.move(target, bench.log.members[0]);
    bench.log.move(target, bench.log.members[0]);
    await bench.deliver();
    await bench.finish('a@0');
    expect(names(bench.open)).toEqual(['b@1']);
    await bench.finish('b@1');
    expect(names(bench.open)).toEqual(['a@0', 'b@1']);
    await bench.clock.advance(1_000);
    expect(target.committed).toBe(0n);
    await bench.finish('a@0');
    await bench.clock.advance(1_000);
    expect(target.committed).toBe(1n);
  });
});

describe('limits', () => {
  it('keeps slots for transactional work while bulk fills the rest', async () => {
    const bench = await startWorkerBench({ concurrency: 4 });
    bench.append(BULK, 0, ['a', 'b', 'c', 'd', 'e']);
    await bench.deliver();
    expect(names(bench.open)).toEqual(['a@0', 'b@1', 'c@2']);
    bench.append(TRANSACTIONAL, 0, ['x', 'y']);
    await bench.deliver();
    expect(bench.open.map((handler) => handler.lane)).toEqual(['bulk', 'bulk', 'bulk', 'transactional']);
    await bench.finish('a@0');
    expect(names(bench.open)).toEqual(['b@1', 'c@2', 'x@0', 'y@1']);
  });

  it('bounds handlers per concurrencyKey across partitions, and lets others pass', async () => {
    const bench = await startWorkerBench({ concurrencyKey: ({ key }) => key[0], perKeyConcurrency: 1 });
    bench.append(TRANSACTIONAL, 0, ['a1', 'a2', 'b1']);
    bench.append(TRANSACTIONAL, 1, ['a3']);
    await bench.deliver();
    expect(names(bench.open)).toEqual(['a1@0', 'b1@2']);
    await bench.finish('a1@0');
    expect(names(bench.open)).toEqual(['b1@2', 'a2@1']);
    await bench.finish('a2@1');
    expect(names(bench.open)).toEqual(['b1@2', 'a3@0']);
  });

  it('forgets nobody who waits for a slot that was meant for a record of a revoked partition', async () => {
    const bench = await startWorkerBench({
      concurrencyKey: ({ key }) => key[0],
      perKeyConcurrency: 1,
      perPartitionConcurrency: 1,
    });
    bench.append(TRANSACTIONAL, 1, ['x1']);
    await bench.deliver();
    bench.append(TRANSACTIONAL, 0, ['x2', 'y']);
    bench.append(BULK, 0, ['x3']);
    await bench.deliver();
    expect(names(bench.open)).toEqual(['x1@0', 'y@1']);
    await bench.finish('x1@0');
    expect(names(bench.open)).toEqual(['y@1']);
    bench.log.move(bench.log.partition(TRANSACTIONAL, 0), undefined);
    await bench.clock.settle();
    expect(names(bench.open)).toEqual(['y@1', 'x3@0']);
  });

  it('hands over as crowded what would wait for a slow key, so that its partition moves on', async () => {
    const bench = await startWorkerBench({
      concurrencyKey: ({ key }) => key[0],
      perKeyConcurrency: 2,
      perKeySlowMs: 1_000,
      bufferedBytes: 8,
    });
    const crowded = () => names(bench.open.filter((handler) => handler.crowded));
    const target = bench.log.partition(TRANSACTIONAL, 0);
    for (const key of ['s1', 's2', 's3', 's4']) bench.log.appendTo(target, key, 0, 4);
    await bench.deliver();
    bench.append(TRANSACTIONAL, 0, ['s5', 'quick']);
    await bench.deliver();
    // Two wait, whose bytes are enough, and the partition is paused before the record of another key.
    expect([names(bench.open), crowded()]).toEqual([['s1@0', 's2@1'], []]);
    await bench.clock.advance(1_000);
    await bench.deliver();
    expect(crowded()).toEqual(['s3@2', 's4@3', 's5@4']);
    expect(names(bench.open)).toContain('quick@5');
    for (const name of ['s3@2', 's4@3', 's5@4', 'quick@5']) await bench.finish(name);

    // A slot of its own for the next once one is free, and none for those after it as long as the key is slow.
    bench.append(TRANSACTIONAL, 0, ['s6', 's7']);
    await bench.finish('s1@0');
    await bench.deliver();
    expect([names(bench.open), crowded()]).toEqual([['s2@1', 's6@6', 's7@7'], ['s7@7']]);
    await bench.finish('s7@7');
    await bench.finish('s2@1');
    bench.append(TRANSACTIONAL, 0, ['s8', 's9']);
    await bench.deliver();
    expect([names(bench.open), crowded()]).toEqual([['s6@6', 's8@8'], []]);
  });

  it('gives a crowded record that failed its slot when there is one', async () => {
    const bench = await startWorkerBench({
      concurrencyKey: ({ key }) => key[0],
      perKeyConcurrency: 1,
      perKeySlowMs: 1_000,
    });
    bench.append(TRANSACTIONAL, 0, ['s1', 's2']);
    await bench.deliver();
    await bench.clock.advance(1_000);
    expect(bench.open.map(({ name, crowded }) => [name, crowded])).toEqual([
      ['s1@0', false],
      ['s2@1', true],
    ]);
    await bench.finish('s2@1', new Error('the store is down'));
    await bench.finish('s1@0');
    await bench.clock.advance(1_000);
    expect(bench.open.map(({ name, crowded }) => [name, crowded])).toEqual([['s2@1', false]]);
    await bench.finish('s2@1');
    bench.append(TRANSACTIONAL, 0, ['s3']);
    await bench.deliver();
    expect(bench.open.map(({ name, crowded }) => [name, crowded])).toEqual([['s3@2', false]]);
  });

  it('lets the event loop turn while handlers settle at once', async () => {
    const log = createInMemoryLog({ [TRANSACTIONAL]: 1 });
    let handled = 0;
    const worker = createWorker({
      name: 'busy',
      log: log.port,
      clock: createFakeClock(),
      group: 'busy',
      lanes: [{ lane: 'transactional', logTopic: TRANSACTIONAL, weight: 1 }],
      concurrency: 10,
      handle: async () => {
        handled++;
      },
      onHandlerError: () => 'stop',
    });
    await worker.start();
    const target = log.partition(TRANSACTIONAL, 0);
    for (let record = 0; record < 5_000; record++) log.appendTo(target, `key-${record}`);
    log.move(target, log.members[0]);
    log.deliver(target, 5_000);
    const seen = new Set<number>();
    while (handled < 5_000) {
      seen.add(handled);
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
    expect(seen.size).toBeGreaterThan(10);
  });
});

it('is ready once its group has taken it in', async () => {
  const log = createInMemoryLog({ [TRANSACTIONAL]: 1 });
  const joining = Promise.withResolvers<void>();
  log.joined = joining.promise;
  const clock = createFakeClock();
  const worker = createWorker({
    name: 'late',
    log: log.port,
    clock,
    group: 'busy',
    lanes: [{ lane: 'transactional', logTopic: TRANSACTIONAL, weight: 1 }],
    concurrency: 1,
    handle: async () => {},
    onHandlerError: () => 'stop',
  });
  expect(worker.unready?.()).toBe('not started');
  await worker.start();
  await clock.settle();
  expect(worker.unready?.()).toBe('group busy has not given it partitions yet');
  joining.resolve();
  await clock.settle();
  expect(worker.unready?.()).toBeUndefined();
});

it.each([
  { wrong: { lanes: [] }, says: 'lanes must have at least one entry' },
  { wrong: { concurrency: 0 }, says: 'concurrency must be a whole number, at least 1, not 0' },
  { wrong: { commitIntervalMs: 2_000 }, says: 'commitIntervalMs must be a whole number, 1 to 1000, not 2000' },
  { wrong: { keyBatch: 0 }, says: 'keyBatch must be a whole number, at least 1, not 0' },
  { wrong: { lookAhead: 1.5 }, says: 'lookAhead must be a whole number, at least 1, not 1.5' },
  { wrong: { perKeySlowMs: 0 }, says: 'perKeySlowMs must be a whole number, at least 1, not 0' },
  { wrong: { concurrencyKey: () => 'x' }, says: 'perKeyConcurrency is needed with concurrencyKey' },
  {
    wrong: { lanes: [{ lane: 'bulk', logTopic: 'x', weight: 0 }] },
    says: 'lanes: weight of "bulk" must be above 0, not 0',
  },
] satisfies { wrong: Partial<WorkerOptions>; says: string }[])(
  'refuses wrong options: $says',
  async ({ wrong, says }) => {
    await expect(startWorkerBench(wrong)).rejects.toThrow(new RangeError(says));
  },
);
