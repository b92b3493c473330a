import { describe, expect, it, vi } from 'vitest';
import type { Hint } from './backplane.ts';
import { createHintOutbox } from './hint-outbox.ts';

const hint = (offset: number, frame?: string): Hint => ({
  tenant: 'acme',
  user: 'alice',
  offset,
  ...(frame === undefined ? {} : { frame }),
});
const hints = (count: number, frame?: string): Hint[] =>
  Array.from({ length: count }, (_, index) => hint(index, frame));

/** An outbox whose sends end when the test says so. */
function createWorld(maxHints?: number) {
  const batches: (readonly Hint[])[] = [];
  const ends: PromiseWithResolvers<void>[] = [];
  const told: string[] = [];
  const outbox = createHintOutbox({
    send(batch) {
      batches.push(batch);
      const end = Promise.withResolvers<void>();
      ends.push(end);
      return end.promise;
    },
    ...(maxHints === undefined ? {} : { maxHints }),
    onLost: (count) => told.push(`lost ${count}`),
    onOutage: (error) => told.push(`outage ${String(error)}`),
    onRecovered: (lost) => told.push(`recovered ${lost}`),
  });
  const sending = (count: number) => vi.waitFor(() => expect(batches).toHaveLength(count), { timeout: 10_000 });
  return { outbox, batches, ends, told, sending };
}

describe('an outbox of hints', () => {
  it('sends a turn together, and what comes meanwhile together after it', async () => {
    const { outbox, batches, ends, sending } = createWorld();
    outbox.add([hint(1)]);
    outbox.add([hint(2), hint(3)]);
    expect(batches).toEqual([]);
    await sending(1);
    outbox.add([hint(4)]);
    outbox.add([hint(5)]);
    ends[0]?.resolve();
    await sending(2);
    ends[1]?.resolve();
    await outbox.settled();
    expect(batches).toEqual([
      [hint(1), hint(2), hint(3)],
      [hint(4), hint(5)],
    ]);
  });

  it('keeps the newest within its bound, and tells of an outage once', async () => {
    const { outbox, batches, ends, told, sending } = createWorld(3);
    outbox.add(hints(2));
    await sending(1);
    outbox.add(hints(5));
    outbox.add([hint(9)]);
    ends[0]?.reject(new Error('connection lost'));
    await sending(2);
    ends[1]?.resolve();
    await outbox.settled();
    expect(batches.map((batch) => batch.map(({ offset }) => offset))).toEqual([
      [0, 1],
      [3, 4, 9],
    ]);
    expect(told).toEqual(['outage undefined', 'lost 2', 'lost 1', 'lost 2', 'recovered 5']);
  });

  it('lets a frame that is too large stay, and every frame once too much waits', async () => {
    const { outbox, batches, ends, sending } = createWorld();
    outbox.add([hint(1, 'x'.repeat(32_768)), hint(2, 'x'.repeat(32_769))]);
    await sending(1);
    expect(batches[0]?.map(({ frame }) => frame?.length)).toEqual([32_768, undefined]);
    outbox.add(hints(2_000, 'x'.repeat(8_192)));
    ends[0]?.resolve();
    let rest = 0;
    for (let sent = 1; rest < 2_000; sent++) {
      await sending(sent + 1);
      rest += batches[sent]?.length ?? 0;
      ends[sent]?.resolve();
    }
    const sizes = batches.slice(1).map((batch) => batch.reduce((sum, { frame = '' }) => sum + frame.length, 0));
    expect(Math.max(...sizes)).toBeLessThanOrEqual(262_144);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(8 * 1_024 * 1_024);
  });

  it('forgets what waits when it is closed, and is quiet then', async () => {
    const { outbox, batches, ends, told, sending } = createWorld();
    outbox.add(hints(1));
    await sending(1);
    outbox.add(hints(1));
    outbox.close();
    outbox.add(hints(1));
    ends[0]?.reject(new Error('closed'));
    await outbox.settled();
    expect(batches).toHaveLength(1);
    expect(told).toEqual([]);
  });
});
