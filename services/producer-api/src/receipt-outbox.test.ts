import type { ReceiptFacts } from '@belfry/dispatch';
import { describe, expect, it } from 'vitest';
import { createReceiptOutbox } from './receipt-outbox.ts';

const FACTS: ReceiptFacts[] = [{ tenant: 'default', notificationId: 'n1', state: 'accepted' }];

function createControlledFeed() {
  const appends: PromiseWithResolvers<void>[] = [];
  const lost: [number, unknown][] = [];
  const outbox = createReceiptOutbox({
    receipts: {
      append() {
        const append = Promise.withResolvers<void>();
        appends.push(append);
        return append.promise;
      },
    },
    onLost: (count, error) => lost.push([count, error]),
  });
  return { appends, lost, outbox };
}

describe('receipt outbox', () => {
  it('waits on drain for what is under way', async () => {
    const { appends, outbox } = createControlledFeed();
    outbox.put(FACTS);
    let drained = false;
    const drain = outbox.service.drain?.(new AbortController().signal).then(() => {
      drained = true;
    });
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

  it('counts what the feed did not take', async () => {
    const { appends, lost, outbox } = createControlledFeed();
    outbox.put([...FACTS, ...FACTS]);
    const error = new Error('the log is away');
    appends[0]?.reject(error);
    await outbox.service.drain?.(new AbortController().signal);
    expect(lost).toEqual([[2, error]]);
  });
});
