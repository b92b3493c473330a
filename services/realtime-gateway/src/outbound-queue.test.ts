import { Writable } from 'node:stream';
import { createFakeClock } from '@belfry/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import { createOutboundQueue, type Written } from './outbound-queue.ts';
import { sharedFrame } from './shared-frame.ts';
import { createTurnFlush } from './turn-flush.ts';

function createQueue(limitBytes = 1_000) {
  const writes: string[] = [];
  const taken: (() => void)[] = [];
  const sink = new Writable({
    highWaterMark: 10,
    write(chunk, _encoding, callback) {
      writes.push(String(chunk));
      taken.push(callback);
    },
  });
  const clock = createFakeClock();
  const written: Written[] = [];
  let overflows = 0;
  let writable = true;
  const queue = createOutboundQueue({
    sink,
    encoder: {
      size: (frame) => frame.text.length,
      write: (frame, target, at) => void target.write(frame.text, at),
    },
    clock,
    turn: createTurnFlush(),
    limitBytes,
    isWritable: () => writable,
    onOverflow: () => {
      overflows += 1;
    },
    onWritten: (what) => written.push(what),
  });
  const push = (...texts: string[]) => {
    for (const text of texts) queue.push(sharedFrame('notification', text, undefined, text));
  };
  return {
    queue,
    push,
    writes,
    written,
    clock,
    take: () => taken.shift()?.(),
    overflows: () => overflows,
    setWritable: (value: boolean) => {
      writable = value;
    },
  };
}

describe('an outbound queue', () => {
  it('writes the frames of one turn once, when the turn ends', async () => {
    const { push, writes, written, clock } = createQueue();
    push('a', 'b');
    await Promise.resolve();
    push('c');
    expect(writes).toEqual([]);
    await clock.settle();
    expect(writes).toEqual(['abc']);
    expect(written).toEqual([{ notifications: 3, controls: 0, notificationIds: ['a', 'b', 'c'] }]);
  });

  it('overflows once, drops what waits and takes nothing more', async () => {
    const { push, queue, writes, clock, overflows } = createQueue(5);
    push('abc', 'def', 'ghi');
    await clock.settle();
    expect([writes, overflows(), queue.queuedBytes()]).toEqual([[], 1, 0]);
  });

  it('counts what the sink has not passed on', async () => {
    const { push, queue, clock, take, overflows } = createQueue(25);
    push('0123456789012345');
    await clock.settle();
    expect(queue.queuedBytes()).toBe(16);
    take();
    await clock.settle();
    expect(queue.queuedBytes()).toBe(0);
    push('0123456789012345');
    await clock.settle();
    push('0123456789');
    expect(overflows()).toBe(1);
  });

  it('knows for how long nothing has drained, below the high-water mark, too', async () => {
    const { push, queue, clock, take } = createQueue();
    push('a');
    await clock.settle();
    await clock.advance(700);
    expect(queue.stalledMs()).toBe(700);
    push('b');
    await clock.advance(100);
    expect(queue.stalledMs()).toBe(800);
    take();
    await clock.settle();
    take();
    await clock.settle();
    expect(queue.stalledMs()).toBe(0);
  });

  it('tells when there is room again, and when there will never be', async () => {
    const { push, queue, clock, take } = createQueue();
    await queue.drained();
    push('0123456789012345');
    let drained = 0;
    void queue.drained().then(() => drained++);
    await clock.settle();
    expect(drained).toBe(0);
    take();
    await clock.settle();
    expect(drained).toBe(1);
    push('0123456789012345');
    void queue.drained().then(() => drained++);
    queue.close();
    await clock.settle();
    expect(drained).toBe(2);
  });

  it('never writes to a sink that is past writing', async () => {
    const { push, writes, clock, setWritable } = createQueue();
    push('a');
    setWritable(false);
    await clock.settle();
    expect(writes).toEqual([]);
  });
});
