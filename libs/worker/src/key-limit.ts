import type { Fifo } from './fifo.ts';
import { createFifo } from './fifo.ts';

/**
 * At most `limit` of the same limit key at once (a provider's host, say); what comes beyond waits here, out of the way of the others.
 * Keys nobody uses take no memory.
 */
export type KeyLimit<T> = {
  /** Items waiting, all keys. */
  readonly waiting: number;
  admits(key: string): boolean;
  acquire(key: string): void;
  /** Frees a slot. Returns the longest waiting item of that key; the caller offers it again. */
  release(key: string): T | undefined;
  park(key: string, item: T): void;
  /** Empties the waiting rooms; for when items of a partition are dropped, among which may be one that others wait behind. */
  unparkAll(): readonly T[];
};

/** `limit` ≥ 1. */
export function createKeyLimit<T>(limit: number): KeyLimit<T> {
  const running = new Map<string, number>();
  const rooms = new Map<string, Fifo<T>>();
  let waiting = 0;
  return {
    get waiting() {
      return waiting;
    },
    admits: (key) => (running.get(key) ?? 0) < limit,
    acquire(key) {
      running.set(key, (running.get(key) ?? 0) + 1);
    },
    release(key) {
      const left = (running.get(key) ?? 0) - 1;
      if (left > 0) running.set(key, left);
      else running.delete(key);
      const room = rooms.get(key);
      if (room === undefined) return undefined;
      const item = room.shift();
      if (room.size === 0) rooms.delete(key);
      waiting--;
      return item;
    },
    park(key, item) {
      const room = rooms.get(key) ?? createFifo<T>();
      rooms.set(key, room);
      room.push(item);
      waiting++;
    },
    unparkAll() {
      const items: T[] = [];
      for (const room of rooms.values()) {
        for (let item = room.shift(); item !== undefined; item = room.shift()) items.push(item);
      }
      rooms.clear();
      waiting = 0;
      return items;
    },
  };
}
