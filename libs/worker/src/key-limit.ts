import type { Cancel, Clock } from '@belfry/core/clock';
import type { Fifo } from './fifo.ts';
import { createFifo } from './fifo.ts';

/**
 * At most `limit` of the same limit key at once (a provider's host, say); what comes beyond waits here, out of the way of the others, unless its key is slow: what waits for
 * that would fill the memory that the others need. Keys nobody uses take no memory.
 */
export type KeyLimit<T> = {
  /** Items waiting, all keys. */
  readonly waiting: number;
  admits(key: string): boolean;
  acquire(key: string, item: T): void;
  /** Frees the item's slot. Returns the longest waiting item of that key; the caller offers it again. */
  release(key: string, item: T): T | undefined;
  /** Half of the key's slots or more have been taken for longer than `slowMs`. */
  isSlow(key: string): boolean;
  park(key: string, item: T): void;
  /** Empties the waiting rooms; for when items of a partition are dropped, among which may be one that others wait behind. */
  unparkAll(): readonly T[];
};

export type KeyLimitOptions<T> = {
  /** ≥ 1. */
  readonly limit: number;
  /** Milliseconds, > 0; undefined: no key is ever slow. */
  readonly slowMs?: number | undefined;
  readonly clock: Clock;
  /** What waited for a key that has turned out to be slow, oldest first: to be offered again, and not to be parked. */
  readonly onSlow: (items: readonly T[]) => void;
};

export function createKeyLimit<T>({ limit, slowMs, clock, onSlow }: KeyLimitOptions<T>): KeyLimit<T> {
  /** When each item got its slot, oldest first. */
  const running = new Map<string, Map<T, number>>();
  const rooms = new Map<string, { readonly items: Fifo<T>; cancelWatch: Cancel }>();
  let waiting = 0;

  const isSlow = (key: string): boolean => {
    const slots = running.get(key);
    if (slots === undefined || slowMs === undefined) return false;
    const beforeMs = clock.monotonicMs() - slowMs;
    let slow = 0;
    for (const sinceMs of slots.values()) {
      if (sinceMs > beforeMs) return false;
      slow++;
      if (slow * 2 >= limit) return true;
    }
    return false;
  };

  const closeRoom = (key: string): readonly T[] => {
    const room = rooms.get(key);
    if (room === undefined) return [];
    room.cancelWatch();
    rooms.delete(key);
    const items: T[] = [];
    for (let item = room.items.shift(); item !== undefined; item = room.items.shift()) items.push(item);
    waiting -= items.length;
    return items;
  };

  /** Nothing may ever end or come that would make somebody look. */
  const watch = (key: string): Cancel => {
    if (slowMs === undefined) return () => {};
    return clock.schedule(slowMs, () => {
      const room = rooms.get(key);
      if (isSlow(key)) onSlow(closeRoom(key));
      else if (room !== undefined) room.cancelWatch = watch(key);
    });
  };

  return {
    get waiting() {
      return waiting;
    },
    admits: (key) => (running.get(key)?.size ?? 0) < limit,
    acquire(key, item) {
      const slots = running.get(key) ?? new Map<T, number>();
      running.set(key, slots);
      slots.set(item, clock.monotonicMs());
    },
    release(key, item) {
      const slots = running.get(key);
      slots?.delete(item);
      if (slots?.size === 0) running.delete(key);
      const room = rooms.get(key);
      if (room === undefined) return undefined;
      const next = room.items.shift();
      waiting--;
      if (room.items.size === 0) closeRoom(key);
      return next;
    },
    isSlow,
    park(key, item) {
      const room = rooms.get(key) ?? { items: createFifo<T>(), cancelWatch: watch(key) };
      rooms.set(key, room);
      room.items.push(item);
      waiting++;
    },
    unparkAll: () => [...rooms.keys()].flatMap(closeRoom),
  };
}
