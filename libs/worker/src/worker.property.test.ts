import fc from 'fast-check';
import { expect, it } from 'vitest';
import { step, WorkerModel } from './testing/worker-model.ts';

const keyBatch = fc.constantFrom(1, 3, 10);

it('loses nothing, keeps order per key and commits nothing unfinished, whatever happens in whatever order', async () => {
  await fc.assert(
    fc.asyncProperty(keyBatch, fc.array(step, { minLength: 20, maxLength: 160, size: 'max' }), async (batch, steps) => {
      const model = new WorkerModel(batch);
      await model.start();
      for (const action of steps) {
        await model.apply(action);
        await model.clock.settle();
        model.checkPauses();
        if (model.broken !== undefined) throw model.broken;
      }
      await model.heal();
      if (model.broken !== undefined) throw model.broken;
      const lost = model.log.partitions.flatMap(({ records }) => records.filter((one) => !model.oracle.isDone(one)));
      expect(lost).toEqual([]);
      expect(model.isSettled()).toBe(true);
      expect(model.processes.map(({ worker }) => worker.unready?.())).toEqual([undefined, undefined]);
    }),
    { numRuns: 600 },
  );
}, 120_000);
