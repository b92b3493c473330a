import { describe, expect, it } from 'vitest';
import {
  explainState,
  inOrder,
  isCancellable,
  isSettled,
  type Ledger,
  type LedgerDelivery,
  nextDueMs,
  overallState,
  realtimeSteps,
} from './ledger.ts';

const delivery = (status: string, extra: Partial<LedgerDelivery> = {}): LedgerDelivery => ({
  id: `d-${status}`,
  recipient: 'ann',
  channel: 'webpush',
  device: 'x',
  status,
  redrive: 0,
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-01T00:00:00.000Z',
  attempts: [],
  ...extra,
});

const ledger = (...deliveries: readonly LedgerDelivery[]): Ledger => ({
  id: 'n',
  status: 'routed',
  type: 't',
  title: 'T',
  priority: 'normal',
  acceptedAt: '2026-01-01T00:00:00.000Z',
  counts: Object.fromEntries(deliveries.map(({ status }) => [status, 1])),
  deliveries,
});

describe('a ledger in one word', () => {
  it.each([
    [['delivered', 'retrying', 'dead-lettered'], 'retrying'],
    [['delivered', 'dead-lettered', 'stored'], 'dead-lettered'],
    [['stored', 'delivered'], 'stored'],
    [['read', 'acknowledged'], 'acknowledged'],
    [['cancelled', 'expired'], 'expired'],
    [['skipped', 'delivered'], 'delivered'],
    [['skipped'], 'skipped'],
    [[], 'routed'],
  ])('%j is %s', (states, word) => {
    expect(overallState(ledger(...states.map((state) => delivery(state))))).toBe(word);
  });
});

describe('what can still happen', () => {
  it.each([
    ['queued', true, false],
    ['retrying', true, false],
    ['stored', true, false],
    ['sent', false, false],
    ['delivered', false, false],
    ['dead-lettered', false, true],
    ['cancelled', false, true],
    ['expired', false, true],
    ['skipped', false, true],
  ])('%s: cancellable %s, settled %s', (state, cancellable, settled) => {
    expect([isCancellable(ledger(delivery(state))), isSettled(ledger(delivery(state)))]).toEqual([
      cancellable,
      settled,
    ]);
  });

  it('is never settled before it is routed', () => {
    expect(isSettled(ledger())).toBe(false);
  });

  it('is due when the first retry is', () => {
    const due = (nextAttemptAt: string, status = 'retrying') => delivery(status, { nextAttemptAt });
    const all = ledger(due('2026-01-01T00:00:09Z'), due('2026-01-01T00:00:07Z'), due('2026-01-01T00:00:01Z', 'queued'));
    expect(nextDueMs(all)).toBe(Date.parse('2026-01-01T00:00:07Z'));
    expect(nextDueMs(ledger(delivery('delivered')))).toBeUndefined();
  });
});

describe('explainState', () => {
  it.each([
    ['provider-unavailable', 'held back: the push service fails'],
    ['provider-error', ''],
    [undefined, ''],
  ])('says why one waits that was not tried, and leaves the rest to its attempts: %s', (reason, text) => {
    expect(explainState('webpush', 'retrying', reason)).toBe(text);
  });
});

it.each([
  ['muted', 'nothing was sent: the recipient has switched this off'],
  ['no-device', 'nothing was sent: the recipient has no such device'],
])('explains what was skipped: %s', (reason, text) => {
  expect(explainState('realtime', 'skipped', reason)).toBe(text);
});

describe('inOrder', () => {
  it('groups by recipient, realtime first', () => {
    const all = [
      delivery('a', { recipient: 'bob', channel: 'fcm' }),
      delivery('b', { channel: 'fcm' }),
      delivery('c', { channel: 'realtime' }),
      delivery('d', { recipient: 'bob', channel: 'realtime' }),
    ];
    expect(inOrder(all).map(({ id }) => id)).toEqual(['d-c', 'd-b', 'd-d', 'd-a']);
  });
});

describe('realtimeSteps', () => {
  const updatedAt = '2026-01-01T00:00:05.000Z';
  const updatedMs = Date.parse(updatedAt);
  const stepsOf = (status: string, ...seen: readonly (readonly [string, number])[]) =>
    realtimeSteps(
      delivery(status, { channel: 'realtime', updatedAt }),
      seen.map(([state, atMs]) => ({ state, atMs })),
    ).map(({ state, atMs }) => [state, atMs]);

  it('has the last step from the ledger when no receipt came by', () => {
    expect(stepsOf('delivered')).toEqual([['delivered', updatedMs]]);
  });
  it('has every step that came by, once, in order, the earliest', () => {
    const seen = [
      ['delivered', 9],
      ['sent', 7],
      ['stored', 2],
      ['sent', 3],
    ] as const;
    expect(stepsOf('delivered', ...seen)).toEqual([
      ['stored', 2],
      ['sent', 3],
      ['delivered', 9],
    ]);
  });
  it('never goes further than the ledger', () => {
    expect(stepsOf('sent', ['stored', 2], ['sent', 3], ['read', 4])).toEqual([
      ['stored', 2],
      ['sent', 3],
    ]);
  });
  it('is a single end when it was cancelled or expired', () => {
    expect(stepsOf('expired', ['stored', 2])).toEqual([['expired', updatedMs]]);
  });
});
