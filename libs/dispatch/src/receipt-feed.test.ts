import { UnavailableError } from '@belfry/core/unavailable-error';
import { createFakeClock } from '@belfry/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import { createReceiptFeed, type ReceiptFacts } from './receipt-feed.ts';

const factsOf = (...ids: readonly string[]): ReceiptFacts[] =>
  ids.map((notificationId) => ({ tenant: 'default', notificationId, state: 'accepted' }));

/** A feed over a log that takes or refuses appends as a test wants. */
function openFeed(onLost?: (count: number, error: unknown) => void) {
  const clock = createFakeClock();
  const appended: string[][] = [];
  const log = { failure: undefined as Error | undefined, held: Promise.resolve() };
  const feed = createReceiptFeed({
    clock,
    log: {
      async append(_topic, records) {
        await log.held;
        if (log.failure !== undefined) throw log.failure;
        appended.push(records.map(({ value }) => JSON.parse(Buffer.from(value).toString()).notificationId));
        return [];
      },
    },
    ...(onLost === undefined ? {} : { onLost }),
  });
  return { appended, clock, feed, log };
}

const DOWN = new UnavailableError('log-unavailable', 'down');

describe('receipts feed', () => {
  it('appends what comes within a moment together, in the order in which it came', async () => {
    const { appended, clock, feed } = openFeed();
    feed.put(factsOf('a'));
    feed.put(factsOf('b', 'c'));
    await clock.advance(249);
    expect(appended).toEqual([]);
    await clock.advance(1);
    feed.put(factsOf('d'));
    await clock.advance(250);
    expect(appended).toEqual([['a', 'b', 'c'], ['d']]);
  });

  it('lets a thousand lines wait for no more', async () => {
    const { appended, clock, feed } = openFeed();
    for (let index = 0; index < 2_500; index++) feed.put(factsOf(`n${index}`));
    await clock.advance(0);
    expect(appended.map((lines) => lines.length)).toEqual([1_000, 1_000, 500]);
    expect(appended.flat()).toEqual(Array.from({ length: 2_500 }, (_, index) => `n${index}`));
  });

  it('is flushed once all that was put before is appended', async () => {
    const { appended, clock, feed, log } = openFeed();
    const hold = Promise.withResolvers<void>();
    log.held = hold.promise;
    feed.put(factsOf('a'));
    await clock.advance(250);
    feed.put(factsOf('b'));
    let flushed = false;
    const done = feed.flushed().then(() => {
      flushed = true;
    });
    await clock.advance(1_000);
    expect(flushed).toBe(false);
    hold.resolve();
    await done;
    expect(appended).toEqual([['a'], ['b']]);
    await feed.flushed();
    expect(clock.pending).toBe(0);
  });

  it('keeps what the log did not take, and appends it before what came later', async () => {
    const { appended, clock, feed, log } = openFeed();
    log.failure = DOWN;
    feed.put(factsOf('a'));
    await clock.advance(250);
    await expect(feed.flushed()).rejects.toBe(DOWN);
    feed.put(factsOf('b'));
    await expect(feed.flushed()).rejects.toBe(DOWN);
    log.failure = undefined;
    await feed.flushed();
    expect(appended).toEqual([['a', 'b']]);
  });

  it('drops and counts it where nobody waits', async () => {
    const lost: unknown[] = [];
    const { appended, clock, feed, log } = openFeed((count, error) => lost.push([count, error]));
    log.failure = DOWN;
    feed.put(factsOf('a', 'b'));
    await clock.advance(250);
    await feed.flushed();
    log.failure = undefined;
    feed.put(factsOf('c'));
    await feed.flushed();
    expect(lost).toEqual([[2, DOWN]]);
    expect(appended).toEqual([['c']]);
  });
});
