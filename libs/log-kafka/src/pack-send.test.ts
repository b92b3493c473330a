import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type PackedPart, packSend } from './pack-send.ts';
import { pendingAppend } from './pending-append.fixture.ts';
import { BATCH_OVERHEAD_BYTES } from './record-size.ts';

const ROOMY = { recordsPerPartition: 1_000, bytes: 1_000_000 };
const spans = (parts: readonly PackedPart[]) => parts.map(({ append, from, to }) => [append.logTopic, from, to]);

describe('packSend', () => {
  it('takes everything that waits, over topics and partitions', () => {
    const queue = [
      pendingAppend('a', [[0, 10]]),
      pendingAppend('b', [
        [0, 10],
        [1, 10],
      ]),
      pendingAppend('a', [[0, 10]]),
    ];
    expect(spans(packSend(queue, ROOMY))).toEqual([
      ['a', 0, 1],
      ['b', 0, 2],
      ['a', 0, 1],
    ]);
  });

  it('goes on behind what is confirmed', () => {
    const append = pendingAppend('a', [
      [0, 10],
      [0, 10],
      [0, 10],
    ]);
    append.positions.push({ partition: 0, offset: 7n });
    expect(spans(packSend([append], ROOMY))).toEqual([['a', 1, 3]]);
  });

  it('ends in the middle of an append whose next record does not fit, and takes nothing from behind it', () => {
    const queue = [
      pendingAppend(
        'a',
        [
          [0, 40],
          [0, 40],
          [1, 1],
        ],
        100 + BATCH_OVERHEAD_BYTES,
      ),
      pendingAppend('b', [[0, 1]]),
    ];
    expect(spans(packSend(queue, ROOMY))).toEqual([
      ['a', 0, 3],
      ['b', 0, 1],
    ]);
    const tight = [
      pendingAppend(
        'a',
        [
          [0, 40],
          [0, 40],
          [1, 1],
        ],
        60 + BATCH_OVERHEAD_BYTES,
      ),
      pendingAppend('b', [[0, 1]]),
    ];
    expect(spans(packSend(tight, ROOMY))).toEqual([['a', 0, 1]]);
  });

  it('counts batches per partition', () => {
    const limit = 50 + BATCH_OVERHEAD_BYTES;
    const queue = [
      pendingAppend('a', [[0, 50]], limit),
      pendingAppend('a', [[1, 50]], limit),
      pendingAppend('b', [[0, 50]], limit),
    ];
    expect(spans(packSend(queue, ROOMY))).toHaveLength(3);
  });

  it.each([
    ['records of a partition', { ...ROOMY, recordsPerPartition: 2 }],
    ['bytes of the request', { ...ROOMY, bytes: 25 }],
  ])('is bounded by the %s', (_, limits) => {
    expect(
      spans(
        packSend(
          [
            pendingAppend('a', [
              [0, 10],
              [0, 10],
              [0, 10],
            ]),
          ],
          limits,
        ),
      ),
    ).toEqual([['a', 0, 2]]);
  });

  it('sends an append that was part of a refused send by itself', () => {
    const [first, second, third] = ['a', 'b', 'c'].map((name) => pendingAppend(name, [[0, 10]])) as [
      ReturnType<typeof pendingAppend>,
      ReturnType<typeof pendingAppend>,
      ReturnType<typeof pendingAppend>,
    ];
    second.alone = true;
    expect(spans(packSend([first, second, third], ROOMY))).toEqual([['a', 0, 1]]);
    expect(spans(packSend([second, third], ROOMY))).toEqual([['b', 0, 1]]);
  });

  it('packs everything in order, within the limits, whatever waits', () => {
    const records = fc.array(fc.tuple(fc.nat(2), fc.integer({ min: 1, max: 60 })), { minLength: 1, maxLength: 8 });
    const appends = fc.array(fc.tuple(fc.constantFrom('a', 'b'), records), { maxLength: 8 });
    fc.assert(
      fc.property(appends, fc.integer({ min: 1, max: 5 }), (drafts, recordsPerPartition) => {
        const queue = drafts.map(([topic, list]) => pendingAppend(topic, list, 80 + BATCH_OVERHEAD_BYTES));
        const limits = { recordsPerPartition, bytes: 150 };
        let waiting = [...queue];
        for (let sends = 0; waiting.length > 0; sends++) {
          const parts = packSend(waiting, limits);
          expect(parts.length).toBeGreaterThan(0);
          expect(sends).toBeLessThan(100);
          const counts = new Map<string, number>();
          for (const { append, from, to } of parts) {
            expect(from).toBe(append.positions.length);
            for (const { partition } of append.records.slice(from, to)) {
              const key = `${append.kafkaTopic}/${partition}`;
              counts.set(key, (counts.get(key) ?? 0) + 1);
              append.positions.push({ partition, offset: 0n });
            }
          }
          expect(Math.max(...counts.values())).toBeLessThanOrEqual(recordsPerPartition);
          const firstOpen = queue.findIndex((append) => append.positions.length < append.records.length);
          const behind = firstOpen === -1 ? [] : queue.slice(firstOpen + 1);
          expect(behind.every((append) => append.positions.length === 0)).toBe(true);
          waiting = queue.filter((append) => append.positions.length < append.records.length);
        }
      }),
      { numRuns: 200 },
    );
  });
});
