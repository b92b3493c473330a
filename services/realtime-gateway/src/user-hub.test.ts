import { notificationFrame } from '@belfry/protocol/client-notification';
import { createFakeClock } from '@belfry/testing/fake-clock';
import { createSeededRandom } from '@belfry/testing/seeded-random';
import { describe, expect, it } from 'vitest';
import { alice, testNotification } from './gateway.fixture.ts';
import { createRetryStore } from './retry-store.ts';
import { createStreamStore } from './stream-store.fixture.ts';
import { createUserHub } from './user-hub.ts';

function createHub() {
  const clock = createFakeClock({ startMs: Date.now() });
  const streams = createStreamStore();
  const errors: unknown[] = [];
  const hub = createUserHub({
    user: alice,
    epoch: 'e1',
    head: 0,
    store: streams.store,
    retryStore: createRetryStore(clock, createSeededRandom(1)),
    clock,
    onError: (error) => errors.push(error),
  });
  const publish = (title: string, hint: 'frame' | 'bare' | 'lost' = 'frame') => {
    const notification = testNotification(title);
    const offset = streams.append(alice, notification);
    const frame = notificationFrame({ epoch: 'e1', offset }, notification);
    if (hint === 'frame') hub.hint({ ...alice, offset, frame });
    if (hint === 'bare') hub.hint({ ...alice, offset });
    return { offset, frame };
  };
  return { hub, streams, clock, errors, publish };
}

describe('a user hub', () => {
  it('sends the next offset straight from the hint, once for all members, without a read', () => {
    const { hub, streams, publish } = createHub();
    const frames: unknown[] = [];
    hub.join({ deliver: (_offset, frame) => frames.push(frame) });
    hub.join({ deliver: (_offset, frame) => frames.push(frame) });
    publish('one');
    expect(frames).toHaveLength(2);
    expect(frames[0]).toBe(frames[1]);
    expect(streams.calls.readStream).toBe(0);
  });

  it('drops what it has seen, and does not believe a frame of another offset or epoch', async () => {
    const { hub, streams, clock, publish } = createHub();
    const offsets: number[] = [];
    hub.join({ deliver: (offset) => offsets.push(offset) });
    const { frame } = publish('one');
    hub.hint({ ...alice, offset: 1, frame });
    streams.append(alice, testNotification('two'));
    hub.hint({ ...alice, offset: 2, frame });
    await clock.settle();
    expect(offsets).toEqual([1, 2]);
    expect(streams.calls.readStream).toBe(1);
  });

  it('reads what is missing when the store is back', async () => {
    const { hub, streams, clock, publish } = createHub();
    const offsets: number[] = [];
    hub.join({ deliver: (offset) => offsets.push(offset) });
    streams.setDown(true);
    publish('one', 'lost');
    publish('two');
    await clock.advance(3_000);
    expect(offsets).toEqual([]);
    streams.setDown(false);
    await clock.advance(6_000);
    expect(offsets).toEqual([1, 2]);
  });

  it('gives up on a hint for what the store does not have, until it has', async () => {
    const { hub, clock, publish, errors } = createHub();
    const offsets: number[] = [];
    hub.join({ deliver: (offset) => offsets.push(offset) });
    hub.hint({ ...alice, offset: 9 });
    await clock.advance(10_000);
    publish('one');
    await clock.settle();
    expect(offsets).toEqual([1]);
    expect(errors).toEqual([]);
  });
});
