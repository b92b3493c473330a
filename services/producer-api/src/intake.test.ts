import { UnavailableError } from '@belfry/core/unavailable-error';
import type { AcceptInput, AcceptResult, ReceiptFacts } from '@belfry/dispatch';
import { createMetrics } from '@belfry/runtime';
import { describe, expect, it } from 'vitest';
import { createIntake, seedOf } from './intake.ts';

const INPUT: AcceptInput = { tenant: 'default', request: { to: { users: ['alice'] }, type: 't', title: 'T' } };

function intakeThat(answer: () => AcceptResult) {
  const put: unknown[] = [];
  const receipts = { put: (facts: readonly ReceiptFacts[]) => void put.push(...facts) };
  const metrics = createMetrics({ processMetrics: false });
  const accepted = async () => (await metrics.accepted.get()).values.map(({ labels, value }) => [labels.lane, value]);
  return { intake: createIntake({ accept: async () => [answer()], receipts, metrics }), put, accepted };
}

describe('intake', () => {
  it('tells the feed and counts what is new', async () => {
    const { intake, put, accepted } = intakeThat(() => ({ kind: 'accepted', id: 'n1', replayed: false }));
    expect(await intake(INPUT)).toEqual({ ok: true, id: 'n1' });
    expect(put).toEqual([{ tenant: 'default', notificationId: 'n1', state: 'accepted' }]);
    await intake({ ...INPUT, request: { ...INPUT.request, priority: 'low' } });
    expect(await accepted()).toEqual([
      ['transactional', 1],
      ['bulk', 1],
    ]);
  });

  it('tells and counts nothing for a repeat', async () => {
    const { intake, put, accepted } = intakeThat(() => ({ kind: 'accepted', id: 'n1', replayed: true }));
    expect(await intake(INPUT)).toEqual({ ok: true, id: 'n1' });
    expect(put).toEqual([]);
    expect(await accepted()).toEqual([]);
  });

  it.each<[AcceptResult, object]>([
    [
      { kind: 'conflict', id: 'n1' },
      { code: 'notification_conflict', statusCode: 409, options: { field: '/id' } },
    ],
    [
      { kind: 'in-progress', id: 'n1', retryAfterMs: 1_000 },
      { code: 'request_in_progress', statusCode: 409, options: { field: '/id', retryAfterSeconds: 1 } },
    ],
    [
      { kind: 'too-large', bytes: 20_000, limitBytes: 16_384 },
      { code: 'notification_too_large', statusCode: 413, options: { limit: 16_384 } },
    ],
  ])('makes a problem of %j', async (result, problem) => {
    const { intake, put } = intakeThat(() => result);
    expect(await intake(INPUT)).toMatchObject({ ok: false, problem });
    expect(put).toEqual([]);
  });

  it.each([
    ['log-unavailable', 503],
    ['log-full', 507],
    ['store-unavailable', 503],
  ] as const)('makes a problem of %s', async (code, statusCode) => {
    const { intake } = intakeThat(() => {
      throw new UnavailableError(code, 'away');
    });
    const problem = { code: code.replace('-', '_'), statusCode, options: { retryAfterSeconds: 5 } };
    expect(await intake(INPUT)).toMatchObject({ ok: false, problem });
  });

  it('lets a bug through', async () => {
    const { intake } = intakeThat(() => {
      throw new TypeError('a bug');
    });
    await expect(intake(INPUT)).rejects.toThrow('a bug');
  });
});

describe('seedOf', () => {
  it('takes over at once under a key, and gives nothing without one', () => {
    expect(seedOf('ab', 3)).toEqual({ seed: { hex: 'ab', index: 3, takenOver: true } });
    expect(seedOf(undefined, 3)).toEqual({});
  });
});
