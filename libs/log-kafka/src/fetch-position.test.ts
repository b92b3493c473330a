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

  it('believes a gap before it only when it was checked, and then once', () => {
    const position = createFetchPosition(5n);
    position.passedOver(7n, 8n);
    expect([position.next, position.judge(9n), position.judge(9n)]).toEqual([5n, 'seek', 'check']);
    const checked = createFetchPosition(5n, true);
    checked.passedOver(7n, 8n);
    expect([checked.next, checked.judge(9n)]).toEqual([9n, 'take']);
    checked.passedOver(11n, 12n);
    expect(checked.next).toBe(9n);
  });

  it('ignores what was passed over below it', () => {
    const position = createFetchPosition(5n);
    position.passedOver(1n, 3n);
    expect([position.next, position.judge(4n), position.next]).toEqual([5n, 'seek', 5n]);
  });

  /**
   * A model of the client: it fetches at a position of its own, obeys seeks, passes over control records and gaps, at times jumps elsewhere, and hands
   * over what it fetched before. Only after a check, for which it was stopped, is the next batch certain to be of where it was sent.
   */
  it('hands out every record once, in order, wherever the client jumps', () => {
    const END = 40;
    const offset = fc.integer({ min: 0, max: END - 2 });
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ kind: fc.constant('fetch' as const), of: fc.integer({ min: 1, max: 6 }) }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('jump' as const), of: offset }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('late' as const), of: offset }) },
    );
    const some = fc.uniqueArray(offset, { maxLength: 15 });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), some, some, (steps, control, absent) => {
        const stored = Array.from({ length: END }, (_, at) => at).filter((at) => !absent.includes(at));
        const ours = stored.filter((at) => !control.includes(at));
        const handed: number[] = [];
        let position = createFetchPosition(0n);
        let client = 0;
        const deliver = (from: number, count: number): void => {
          const batch = stored.filter((at) => at >= from).slice(0, count);
          const last = batch.at(-1);
          if (last === undefined) return;
          const records = batch.filter((at) => ours.includes(at));
          if (records.length === 0) {
            position.passedOver(BigInt(batch[0] ?? 0), BigInt(last));
            client = last + 1;
            return;
          }
          const verdict = position.judge(BigInt(from));
          if (verdict === 'take') {
            handed.push(...records);
            position.taken(BigInt(last));
            client = last + 1;
            return;
          }
          client = Number(position.next);
          if (verdict === 'seek') return;
          position = createFetchPosition(position.next, true);
          deliver(client, count);
        };
        for (const { kind, of } of steps) {
          if (kind === 'jump') client = of;
          else if (kind === 'late') deliver(of, 3);
          else deliver(client, of);
        }
        for (let round = 0; round < 4 * END; round++) deliver(client, 3);
        expect(handed).toEqual(ours);
      }),
      { numRuns: 1_000 },
    );
  });
});
