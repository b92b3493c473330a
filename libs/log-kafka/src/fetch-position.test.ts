import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFetchPosition } from './fetch-position.ts';

describe('a position of fetching', () => {
  it('takes what was fetched where it stands, and goes on behind it', () => {
    const position = createFetchPosition(5n);
    expect(position.judge(5n)).toBe('take');
    position.taken(9n);
    expect(position.next).toBe(10n);
  });

  it('leaves what was fetched elsewhere: seeks at first, then asks whether the offset is still there', () => {
    const position = createFetchPosition(5n);
    expect([position.judge(7n), position.judge(0n), position.judge(0n)]).toEqual(['seek', 'check', 'check']);
    expect(position.next).toBe(5n);
    expect(position.judge(5n)).toBe('take');
    position.taken(5n);
    expect(position.judge(9n)).toBe('seek');
  });

  it('follows the client over what is not for us, where that begins exactly here', () => {
    const position = createFetchPosition(5n);
    position.passedOver(5n, 7n);
    expect([position.next, position.judge(8n)]).toEqual([8n, 'take']);
    const compacted = createFetchPosition(5n);
    compacted.passedOver(null, 5n);
    expect([compacted.next, compacted.judge(6n)]).toEqual([6n, 'take']);
  });

  it('believes a gap before it only when it has seen it again after a seek', () => {
    const position = createFetchPosition(5n);
    position.passedOver(7n, 8n);
    expect(position.judge(9n)).toBe('seek');
    position.passedOver(7n, 8n);
    expect(position.judge(9n)).toBe('take');
    expect(position.next).toBe(9n);
  });

  it('ignores what was passed over below it', () => {
    const position = createFetchPosition(5n);
    position.passedOver(1n, 3n);
    expect([position.next, position.judge(4n), position.next]).toEqual([5n, 'seek', 5n]);
  });

  /**
   * A model of the client: it fetches at a position of its own, obeys seeks, passes over control records, and at times jumps elsewhere, with what it
   * fetched before still on its way.
   */
  it('hands out every record once, in order, wherever the client jumps', () => {
    const step = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({ kind: fc.constant('fetch' as const), count: fc.integer({ min: 1, max: 6 }) }),
      },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('jump' as const), to: fc.integer({ min: 0, max: 40 }) }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('late' as const), at: fc.integer({ min: 0, max: 39 }) }) },
    );
    const controls = fc.uniqueArray(fc.integer({ min: 0, max: 38 }), { maxLength: 12 });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), controls, (steps, control) => {
        const isControl = new Set(control);
        const position = createFetchPosition(0n);
        const handed: number[] = [];
        let client = 0;
        const deliver = (from: number, count: number, moves: boolean) => {
          const end = Math.min(40, from + count);
          const records = Array.from({ length: end - from }, (_, index) => from + index);
          if (records.length === 0) return;
          const ours = records.filter((offset) => !isControl.has(offset));
          if (ours.length === 0) {
            position.passedOver(BigInt(from), BigInt(end - 1));
            if (moves) client = end;
            return;
          }
          if (position.judge(BigInt(from)) === 'take') {
            handed.push(...ours.filter((offset) => offset >= from));
            position.taken(BigInt(end - 1));
            client = end;
          } else client = Number(position.next);
        };
        for (const action of [...steps, ...Array.from({ length: 60 }, () => ({ kind: 'fetch' as const, count: 3 }))]) {
          if (action.kind === 'jump') client = action.to;
          else if (action.kind === 'late') deliver(action.at, 3, true);
          else deliver(client, action.count, true);
        }
        // Whoever jumps to the end and finds nothing there is told so by OFFSET_OUT_OF_RANGE, or by the next record.
        client = Math.min(client, 40);
        if (client === 40 && position.next < 40n) client = Number(position.next);
        for (let round = 0; round < 60; round++) deliver(client, 3, true);
        expect(handed).toEqual(Array.from({ length: 40 }, (_, offset) => offset).filter((at) => !isControl.has(at)));
      }),
      { numRuns: 500 },
    );
  });
});
