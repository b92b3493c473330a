/** What can stand in a chain. `next` belongs to the chain while the item is in it. */
export type Chained<T> = { readonly key: string; next: T | undefined };

/**
 * One first-in-first-out chain per key: the head of a chain may run, the others wait for it. A key without items takes no memory.
 * Items link to each other, so that a record costs no allocation beyond its own.
 */
export type KeyChains<T> = {
  /** Keys that have at least one item. */
  readonly keys: number;
  /** Puts the item at the end of its chain. True when it is the head, that is when it may run now. */
  add(item: T): boolean;
  /** Takes the head away; returns the next of its chain, which may run now. `head` must be the head of its chain. */
  finish(head: T): T | undefined;
};

export function createKeyChains<T extends Chained<T>>(): KeyChains<T> {
  const tails = new Map<string, T>();
  return {
    get keys() {
      return tails.size;
    },
    add(item) {
      const tail = tails.get(item.key);
      tails.set(item.key, item);
      if (tail === undefined) return true;
      tail.next = item;
      return false;
    },
    finish(head) {
      const next = head.next;
      if (next === undefined) tails.delete(head.key);
      head.next = undefined;
      return next;
    },
  };
}
