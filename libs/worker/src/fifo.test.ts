import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createFifo } from './fifo.ts';

it('behaves as an array does, however pushes and shifts mix', () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.constant('push' as const) },
    fc.constantFrom('unshift' as const, 'shift' as const, 'shift' as const),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
      const fifo = createFifo<number>();
      const model: number[] = [];
      for (const [value, action] of steps.entries()) {
        if (action === 'shift') expect(fifo.shift()).toBe(model.shift());
        else {
          fifo[action](value);
          model[action](value);
        }
        expect([fifo.size, fifo.peek()]).toEqual([model.length, model[0]]);
      }
    }),
    { numRuns: 50 },
  );
});
