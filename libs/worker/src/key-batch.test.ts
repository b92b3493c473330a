import { describe, expect, it } from 'vitest';
import { startWorkerBench, TRANSACTIONAL } from './testing/worker-bench.ts';

const names = (handlers: readonly { readonly name: string }[]) => handlers.map((handler) => handler.name);
const down = new Error('store is down');

describe('several records of one key in one handler', () => {
  it('gives a handler what waits for its key, in order and up to keyBatch, and commits it as a whole', async () => {
    const bench = await startWorkerBench({ keyBatch: 3 });
    bench.append(TRANSACTIONAL, 0, ['a', 'b', 'a', 'a', 'c', 'a', 'a']);
    await bench.deliver();
    expect(names(bench.open)).toEqual(['a@0,2,3', 'b@1', 'c@4']);
    await bench.finish('b@1');
    await bench.finish('c@4');
    await bench.clock.advance(1_000);
    expect(bench.committed(TRANSACTIONAL, 0)).toBe(0n);
    await bench.finish('a@0,2,3');
    expect(names(bench.open)).toEqual(['a@5,6']);
    await bench.clock.advance(1_000);
    expect(bench.committed(TRANSACTIONAL, 0)).toBe(5n);
    await bench.finish('a@5,6');
    await bench.clock.advance(1_000);
    expect(bench.committed(TRANSACTIONAL, 0)).toBe(7n);
    expect(bench.clock.pending).toBe(0);
  });

  it('starts with what is there: records that come later go to the next handler', async () => {
    const bench = await startWorkerBench({ keyBatch: 10 });
    bench.append(TRANSACTIONAL, 0, ['a']);
    await bench.deliver();
    bench.append(TRANSACTIONAL, 0, ['a', 'a']);
    await bench.deliver();
    expect(names(bench.open)).toEqual(['a@0']);
    await bench.finish('a@0');
    expect(names(bench.open)).toEqual(['a@1,2']);
  });

  it('joins nothing beyond the look-ahead', async () => {
    const bench = await startWorkerBench({ keyBatch: 10, lookAhead: 3 });
    bench.append(TRANSACTIONAL, 0, ['a', 'a', 'a', 'a', 'a']);
    await bench.deliver();
    expect(names(bench.open)).toEqual(['a@0,1,2']);
    await bench.finish('a@0,1,2');
    expect(names(bench.open)).toEqual(['a@3,4']);
  });

  it('counts as one handler, and all its records leave the buffer', async () => {
    const inFlight: number[] = [];
    const bench = await startWorkerBench({
      keyBatch: 10,
      concurrency: 2,
      bufferedBytes: 6,
      observe: { started: (_lane, running) => inFlight.push(running) },
    });
    const target = bench.log.partition(TRANSACTIONAL, 0);
    for (const key of ['x', 'y', 'a', 'a', 'a', 'b', 'b', 'b']) bench.log.appendTo(target, key, 0, 1);
    bench.log.deliver(target, 8);
    await bench.clock.settle();
    expect(target.paused).toBe(true);
    await bench.finish('x@0');
    expect(names(bench.open)).toEqual(['y@1', 'a@2,3,4']);
    expect(target.paused).toBe(false);
    expect(inFlight).toEqual([1, 2, 2]);
  });

  it('gives each host its own handlers where records of a key go to several', async () => {
    const bench = await startWorkerBench({
      keyBatch: 10,
      concurrencyKey: ({ offset }) => (offset < 2n || offset > 3n ? 'one' : 'two'),
      perKeyConcurrency: 1,
    });
    bench.append(TRANSACTIONAL, 0, ['a', 'a', 'a', 'a', 'a', 'b']);
    await bench.deliver();
    expect(names(bench.open)).toEqual(['a@0,1']);
    await bench.finish('a@0,1');
    expect(names(bench.open)).toEqual(['b@5', 'a@2,3']);
    await bench.finish('a@2,3');
    expect(names(bench.open)).toEqual(['b@5']);
    await bench.finish('b@5');
    expect(names(bench.open)).toEqual(['a@4']);
  });
});

describe('a handler of several records that fails', () => {
  it('leaves none done: each is tried alone, in order, and what never failed comes together again', async () => {
    const failed: string[] = [];
    const finished: string[] = [];
    const bench = await startWorkerBench({
      keyBatch: 3,
      onHandlerError: (_error, { key, offset }) => {
        failed.push(`${key}@${offset}`);
        return 'retry';
      },
      observe: { finished: (_lane, _durationMs, result) => finished.push(result) },
    });
    bench.append(TRANSACTIONAL, 0, ['a', 'a', 'a', 'a', 'a']);
    await bench.deliver();
    await bench.finish('a@0,1,2', down);
    expect(failed).toEqual(['a@0']);
    expect(finished).toEqual(['failed']);
    await bench.clock.advance(1_000);
    expect(bench.committed(TRANSACTIONAL, 0)).toBe(0n);
    for (const name of ['a@0', 'a@1', 'a@2', 'a@3,4']) {
      expect(names(bench.open)).toEqual([name]);
      await bench.finish(name);
    }
    await bench.clock.advance(1_000);
    expect(bench.committed(TRANSACTIONAL, 0)).toBe(5n);
  });

  it('lets the good records before one that cannot succeed through, at the price of one failure', async () => {
    const bench = await startWorkerBench({ keyBatch: 4 });
    bench.append(TRANSACTIONAL, 0, ['a', 'a', 'a', 'a']);
    await bench.deliver();
    await bench.finish('a@0,1,2,3', down);
    await bench.clock.advance(200);
    await bench.finish('a@0');
    await bench.finish('a@1');
    for (let time = 0; time < 3; time++) {
      await bench.finish('a@2', down);
      await bench.clock.advance(5_000);
    }
    expect(bench.started).toEqual(['a@0,1,2,3', 'a@0', 'a@1', 'a@2', 'a@2', 'a@2', 'a@2']);
    expect(bench.observed.slice(0, 3)).toEqual(['closed 200: store is down', 'opened', 'closed 200: store is down']);
    expect(bench.committed(TRANSACTIONAL, 0)).toBe(2n);
  });

  it('stops at its first record on the verdict stop, and commits nothing of it', async () => {
    const bench = await startWorkerBench({ keyBatch: 3, onHandlerError: () => 'stop' });
    bench.append(TRANSACTIONAL, 0, ['a', 'a', 'a']);
    await bench.deliver();
    await bench.finish('a@0,1,2', new TypeError('x is not a function'));
    await expect(bench.worker.failed).rejects.toThrow('handler failed at jobs.transactional/0 offset 0');
    await bench.clock.advance(10_000);
    expect(bench.started).toEqual(['a@0,1,2']);
    expect(bench.committed(TRANSACTIONAL, 0)).toBe(0n);
  });
});

it('drops what a handler has together with its partition, and gets all of it again', async () => {
  const bench = await startWorkerBench({ keyBatch: 3 });
  const target = bench.log.partition(TRANSACTIONAL, 0);
  bench.append(TRANSACTIONAL, 0, ['a', 'a']);
  await bench.deliver();
  bench.log.move(target, bench.log.members[0]);
  bench.append(TRANSACTIONAL, 0, ['a', 'a']);
  await bench.deliver();
  expect(names(bench.open)).toEqual(['a@0,1']);
  await bench.finish('a@0,1');
  expect(names(bench.open)).toEqual(['a@0,1,2']);
  await bench.clock.advance(1_000);
  expect(target.committed).toBe(0n);
});
