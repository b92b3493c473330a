import type { RealtimeMark } from '@belfry/core/store/user-stream';
import { UnavailableError } from '@belfry/core/unavailable-error';
import { createFakeClock } from '@belfry/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import { createAcks } from './acks.ts';

const ANN = { tenant: 'acme', user: 'ann' };
const BOB = { tenant: 'acme', user: 'bob' };

function openAcks() {
  const clock = createFakeClock();
  const written: string[] = [];
  const store = { failures: 0 };
  const write = (kind: string) => async (marks: readonly RealtimeMark[]) => {
    if (store.failures-- > 0) throw new UnavailableError('store-unavailable', 'down');
    for (const { user, notificationIds } of marks) written.push(`${kind} ${user}: ${notificationIds.join()}`);
  };
  const acks = createAcks({
    realtime: {
      sent: write('sent'),
      acknowledge: write('acknowledged'),
      read: async (marks) => {
        await write('read')(marks);
        return marks.length;
      },
    },
    clock,
    onError: (error) => {
      throw error;
    },
  });
  return { acks, clock, store, written };
}

describe('what connections tell', () => {
  it('is gathered and written by user', async () => {
    const { acks, clock, written } = openAcks();
    acks.sent(ANN, ['a', 'b']);
    acks.sent(BOB, ['a']);
    acks.sent(ANN, ['c']);
    await clock.advance(199);
    expect(written).toEqual([]);
    await clock.advance(1);
    expect(written).toEqual(['sent ann: a,b,c', 'sent bob: a']);
  });

  it('is not written as sent where it was acknowledged or read soon after', async () => {
    const { acks, clock, written } = openAcks();
    acks.sent(ANN, ['a', 'b', 'c']);
    acks.sent(BOB, ['d']);
    await clock.advance(60);
    acks.acknowledge(ANN, ['a', 'unknown']);
    acks.read(ANN, ['b']);
    acks.acknowledge(BOB, ['d']);
    await clock.advance(200);
    expect(written).toEqual(['acknowledged ann: a,unknown', 'acknowledged bob: d', 'read ann: b', 'sent ann: c']);
    await acks.settled();
    expect(clock.pending).toBe(0);
  });

  it('is kept while the store is down', async () => {
    const { acks, clock, store, written } = openAcks();
    store.failures = 2;
    acks.acknowledge(ANN, ['a']);
    await clock.advance(100);
    acks.acknowledge(ANN, ['b']);
    await clock.advance(5_000);
    expect(written.toSorted()).toEqual(['acknowledged ann: a', 'acknowledged ann: b']);
  });
});
