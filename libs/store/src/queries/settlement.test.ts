import { DELIVERY_STATES, type DeliveryRef, isTerminal } from '@belfry/core/delivery';
import type { Settlement, SettlementNext } from '@belfry/core/store/gate';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applySettlement, type SettledRow } from './settlement.ts';

const NOW_MS = 1_000_000;
const REF: DeliveryRef = {
  tenant: 'acme',
  deliveryId: 'd',
  notificationId: 'n',
  recipient: 'ann',
  channel: 'webpush',
  deviceId: 'd1',
  lane: 'transactional',
  attempt: 2,
  redrive: 1,
};
const ROW: SettledRow = { state: 'retrying', attempt: 2, redrive: 1, reason: 'before', dueAtMs: NOW_MS - 5 };
const QUIET = { cancelled: false, acknowledged: false, nowMs: NOW_MS };

const settle = (next: SettlementNext, row: SettledRow | undefined = ROW, facts: Partial<typeof QUIET> = {}) => {
  const settlement: Settlement = { ref: REF, next, reason: 'why' };
  return applySettlement(row, settlement, { ...QUIET, ...facts });
};

describe('applySettlement', () => {
  const retry: SettlementNext = { kind: 'retry', dueInMs: 10.4 };
  const park: SettlementNext = { kind: 'park', dueInMs: 10 };
  const dead: SettlementNext = { kind: 'dead-letter', reason: 'gone', fingerprint: 'f' };
  const delivered: SettlementNext = { kind: 'end', state: 'delivered' };

  it.each<[string, SettlementNext, Partial<typeof QUIET>, Partial<SettledRow>]>([
    ['a retry', retry, {}, { state: 'retrying', attempt: 3, reason: 'why', dueAtMs: NOW_MS + 11 }],
    ['a park', park, {}, { state: 'retrying', attempt: 2, reason: 'why', dueAtMs: NOW_MS + 10 }],
    ['an end', delivered, {}, { state: 'delivered', attempt: 2, reason: 'why', dueAtMs: undefined }],
    ['a death', dead, {}, { state: 'dead-lettered', reason: 'gone', dueAtMs: undefined }],
    [
      'a retry after a cancellation',
      retry,
      { cancelled: true },
      { state: 'cancelled', attempt: 2, dueAtMs: undefined },
    ],
    ['a park after an acknowledgement', park, { acknowledged: true }, { state: 'acknowledged', dueAtMs: undefined }],
    ['a retry after both', retry, { cancelled: true, acknowledged: true }, { state: 'cancelled' }],
    ['an end after both', delivered, { cancelled: true, acknowledged: true }, { state: 'delivered' }],
    ['a death after both', dead, { cancelled: true, acknowledged: true }, { state: 'dead-lettered' }],
  ])('writes %s', (_, next, facts, expected) => {
    expect(settle(next, ROW, facts)).toMatchObject({ redrive: 1, ...expected });
  });

  it.each<[string, Partial<SettledRow>]>([
    ['an earlier attempt', { attempt: 1 }],
    ['a later attempt', { attempt: 3 }],
    ['another redrive', { redrive: 0 }],
    ...DELIVERY_STATES.filter(isTerminal).map((state): [string, Partial<SettledRow>] => [
      `one that is ${state}`,
      { state },
    ]),
  ])('leaves %s alone', (_, row) => {
    for (const next of [retry, park, dead, delivered]) expect(settle(next, { ...ROW, ...row })).toBeUndefined();
  });

  it('leaves what is not there alone', () => {
    expect(applySettlement(undefined, { ref: REF, next: delivered, reason: '' }, QUIET)).toBeUndefined();
  });

  it('waits exactly while it is retrying, and takes any attempt that is settled for good no second time', () => {
    const nexts = fc.oneof(
      fc.constantFrom(delivered, dead, { kind: 'end', state: 'superseded' } as const),
      fc.double({ min: 0, max: 1e9, noNaN: true }).map((dueInMs): SettlementNext => ({ kind: 'retry', dueInMs })),
      fc.double({ min: 0, max: 1e9, noNaN: true }).map((dueInMs): SettlementNext => ({ kind: 'park', dueInMs })),
    );
    const facts = fc.record({ cancelled: fc.boolean(), acknowledged: fc.boolean(), nowMs: fc.constant(NOW_MS) });
    fc.assert(
      fc.property(nexts, nexts, facts, (first, second, seen) => {
        const after = settle(first, ROW, seen);
        expect(after?.dueAtMs === undefined).toBe(after?.state !== 'retrying');
        if ('dueInMs' in first && after?.dueAtMs !== undefined) {
          expect(after.dueAtMs).toBeGreaterThanOrEqual(NOW_MS + first.dueInMs);
        }
        if (first.kind !== 'park' || after?.state !== 'retrying') {
          expect(settle(second, after, seen)).toBeUndefined();
        }
      }),
    );
  });
});
