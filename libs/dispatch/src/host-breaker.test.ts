import type { Outcome } from '@belfry/core/outcome';
import { createFakeClock } from '@belfry/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import { createHostBreaker } from './host-breaker.ts';

const HOST = 'push.example';
const WELL: Outcome = { kind: 'delivered', code: '201' };
const BROKEN: Outcome = { kind: 'retry', code: '503', reason: 'provider-error' };
const REFUSED: Outcome = { kind: 'rejected', code: '401', reason: 'unauthenticated', fault: 'setup' };
const PERHAPS_REFUSED: Outcome = { kind: 'rejected', code: '403', reason: 'vapid-refused', fault: 'perhaps-setup' };
const TIMEOUT: Outcome = { kind: 'unknown', code: 'timeout', reason: 'timeout' };

function open() {
  const clock = createFakeClock();
  const changes: string[] = [];
  const onChange = (host: string, isOpen: boolean, cause: string) => {
    changes.push(`${host} ${isOpen ? 'open' : 'closed'}: ${cause}`);
  };
  const breaker = createHostBreaker({ clock, probeIntervalMs: 1_000, releasePerSecond: 10, onChange });
  const record = (outcome: Outcome, times = 1, host = HOST) => {
    for (let count = 0; count < times; count++) breaker.record(host, outcome, 'acme/ann');
  };
  return { clock, breaker, record, changes };
}

describe('createHostBreaker', () => {
  it('opens when half of the last 20 attempts failed because of the host, not before', () => {
    const { breaker, record } = open();
    record(WELL, 10);
    record(BROKEN, 9);
    expect(breaker.isOpen(HOST)).toBe(false);
    record(BROKEN);
    expect(breaker.isOpen(HOST)).toBe(true);
    expect(breaker.isOpen('other.example')).toBe(false);
  });

  it('needs 20 attempts to judge by', () => {
    const { breaker, record } = open();
    record(BROKEN, 19);
    expect(breaker.isOpen(HOST)).toBe(false);
    record(BROKEN);
    expect(breaker.isOpen(HOST)).toBe(true);
  });

  it('forgets what is longer ago than 20 attempts', () => {
    const { breaker, record } = open();
    for (let round = 0; round < 10; round++) {
      record(BROKEN, 9);
      record(WELL, 11);
    }
    expect(breaker.isOpen(HOST)).toBe(false);
  });

  it('opens after five timeouts in a row', () => {
    const { breaker, record } = open();
    record(TIMEOUT, 4);
    record(WELL);
    record(TIMEOUT, 4);
    expect(breaker.isOpen(HOST)).toBe(false);
    record(TIMEOUT);
    expect(breaker.isOpen(HOST)).toBe(true);
  });

  it.each([
    ['a throttled answer', { kind: 'retry', code: '429', reason: 'throttled' }],
    ['a throttled device', { kind: 'retry', code: '429', reason: 'device-throttled' }],
    ['a refused request', { kind: 'rejected', code: '400', reason: 'bad-request' }],
    ['a dead device', { kind: 'gone', code: '410', reason: 'subscription-gone' }],
  ] as const)('does not take %s for a failing host', (_what, outcome) => {
    const { breaker, record } = open();
    record(outcome, 40);
    expect(breaker.isOpen(HOST)).toBe(false);
  });

  it('opens at once when our credentials are refused, and closes when they are taken', async () => {
    const { clock, breaker, record, changes } = open();
    record(WELL, 20);
    record(REFUSED);
    expect(breaker.admit(HOST)).toMatchObject({ kind: 'wait' });
    await clock.advance(1_000);
    for (const probe of [REFUSED, PERHAPS_REFUSED, BROKEN]) {
      expect(breaker.admit(HOST)).toEqual({ kind: 'go' });
      record(probe);
      expect(breaker.isOpen(HOST)).toBe(true);
      await clock.advance(1_000);
    }
    record(WELL);
    expect(changes).toEqual([`${HOST} open: refusing`, `${HOST} closed: refusing`]);
  });

  it('opens when five recipients in a row were refused where it may be theirs, and for no single one', () => {
    const { breaker, record, changes } = open();
    record(PERHAPS_REFUSED, 40);
    expect(breaker.isOpen(HOST)).toBe(false);
    const refuse = (...recipients: readonly string[]) => {
      for (const recipient of recipients) breaker.record(HOST, PERHAPS_REFUSED, recipient);
    };
    refuse('acme/bob', 'acme/cay', 'acme/dan');
    record(WELL);
    refuse('acme/ann', 'acme/bob', 'acme/cay', 'acme/dan');
    record(BROKEN);
    expect(breaker.isOpen(HOST)).toBe(false);
    refuse('globex/ann');
    expect(changes).toEqual([`${HOST} open: refusing`]);
  });

  it('takes a refusal that may be the recipient’s for an answer of a host that failed', () => {
    const { breaker, record, changes } = open();
    record(BROKEN, 20);
    record(PERHAPS_REFUSED);
    expect(changes).toEqual([`${HOST} open: failing`, `${HOST} closed: failing`]);
    expect(breaker.isOpen(HOST)).toBe(false);
  });

  it('lets one probe through in each interval, and makes the others wait for a turn after it', async () => {
    const { clock, breaker, record } = open();
    record(BROKEN, 20);
    expect([1, 2, 3].map(() => breaker.admit(HOST))).toEqual(
      [1_100, 1_200, 1_300].map((dueInMs) => ({ kind: 'wait', dueInMs })),
    );
    await clock.advance(999);
    expect(breaker.admit(HOST)).toEqual({ kind: 'wait', dueInMs: 401 });
    await clock.advance(1);
    expect(breaker.admit(HOST)).toEqual({ kind: 'go' });
    expect(breaker.admit(HOST)).toEqual({ kind: 'wait', dueInMs: 1_100 });
    expect(breaker.admit('other.example')).toEqual({ kind: 'go' });
    record(BROKEN);
    expect(breaker.isOpen(HOST)).toBe(true);
  });

  it('closes with the first success, and starts to judge anew', async () => {
    const { clock, breaker, record } = open();
    record(BROKEN, 20);
    await clock.advance(1_000);
    expect(breaker.admit(HOST)).toEqual({ kind: 'go' });
    record(WELL);
    expect(breaker.admit(HOST)).toEqual({ kind: 'go' });
    record(BROKEN, 19);
    expect(breaker.isOpen(HOST)).toBe(false);
  });

  it('spreads the return of what it has no place for, and never before a probe', async () => {
    const { clock, breaker, record } = open();
    expect([1, 2].map(() => breaker.putOff(HOST))).toEqual([5_001, 5_002]);
    await clock.advance(4_000);
    expect([breaker.putOff(HOST), breaker.putOff('other.example')]).toEqual([1_003, 5_001]);
    await clock.advance(1_000);
    expect(breaker.putOff(HOST)).toBe(5_001);
    record(BROKEN, 20);
    await clock.advance(500);
    expect([breaker.hold(HOST), breaker.hold('other.example')]).toEqual([600, 0]);
    expect(breaker.putOff(HOST)).toBe(4_502);
  });

  it('learns nothing from a delivery that ended before the host was asked', () => {
    const { breaker, record } = open();
    record(BROKEN, 20);
    record({ kind: 'expired', code: 'ttl', reason: 'expired' });
    record({ kind: 'superseded', code: '', reason: '' });
    expect(breaker.isOpen(HOST)).toBe(true);
  });

  it('remembers the hosts in use, however many others come and go', () => {
    const { breaker, record } = open();
    record(BROKEN, 20);
    for (let count = 0; count < 25_000; count++) {
      record(BROKEN, 1, `host-${count}.example`);
      if (count % 5_000 === 0) breaker.admit(HOST);
    }
    expect(breaker.isOpen(HOST)).toBe(true);
    record(BROKEN, 19, 'host-0.example');
    expect(breaker.isOpen('host-0.example')).toBe(false);
  });
});
