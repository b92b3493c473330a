import type { ReceiptFacts } from '@belfry/dispatch';
import { createFakeClock } from '@belfry/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import { createReceiptOutbox } from './receipt-outbox.ts';

const FACTS: ReceiptFacts[] = [{ tenant: 'default', notificationId: 'n1', state: 'accepted' }];

function createControlledFeed() {
  const appends: PromiseWithResolvers<void>[] = [];
  const lost: [number, unknown][] = [];
  const clock = createFakeClock();
  const counts: number[] = [];
  const outbox = createReceiptOutbox({
    receipts: {
      append(facts) {
        counts.push(facts.length);
        const append = Promise.withResolvers<void>();
        appends.push(append);
        return append.promise;
      },
    },
    clock,
    onLost: (count, error) => lost.push([count, error]),
  });
  return { appends, counts, lost, outbox, pass: () => clock.advance(100) };
}

describe('receipt outbox', () => {
  it('waits on drain for what is under way', async () => {
    const { appends, outbox, pass } = createControlledFeed();
    outbox.put(FACTS);
    let drained = false;
    const drain = outbox.service.drain?.(new AbortController().signal).then(() => {
      drained = true;
    });
    await pass();
    await new Promise(setImmediate);
    expect(drained).toBe(false);
    appends[0]?.resolve();
    await drain;
    expect(drained).toBe(true);
  });

  it('gives up at the deadline', async () => {
    const { outbox } = createControlledFeed();
    outbox.put(FACTS);
    await outbox.service.drain?.(AbortSignal.abort());
    const later = new AbortController();
    const drain = outbox.service.drain?.(later.signal);
    later.abort();
    await drain;
  });

  it('appends what comes within a moment together', async () => {
    const { counts, outbox, pass } = createControlledFeed();
    outbox.put(FACTS);
    outbox.put(FACTS);
    await pass();
    outbox.put(FACTS);
    await pass();
    expect(counts).toEqual([2, 1]);
  });

  it('counts what the feed did not take', async () => {
    const { appends, lost, outbox, pass } = createControlledFeed();
    outbox.put([...FACTS, ...FACTS]);
    await pass();
    const error = new Error('the log is away');
    appends[0]?.reject(error);
    await outbox.service.drain?.(new AbortController().signal);
    expect(lost).toEqual([[2, error]]);
  });
});
