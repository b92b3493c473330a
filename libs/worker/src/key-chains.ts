/** The items of one key that are not done, oldest first; only its end is needed here. */
export type Chain<T> = { readonly key: string; tail: T | undefined };

/** What can stand in a chain. `chain` and `next` belong to the chain while the item is in it. */
export type Chained<T> = { readonly key: string; next: T | undefined; chain: Chain<T> | undefined };

/**
 * One first-in-first-out chain per key: the head of a chain may run, the others wait for it. Items link to each other and to their chain, and a chain that
 * has become empty is kept for the next item of its key: most records then cost one lookup. Empty chains are swept when there are more of them than others.
 */
export type KeyChains<T> = {
  /** Keys that have at least one item. */
  readonly keys: number;
  /** Keys that are remembered without an item. */
  readonly idleKeys: number;
  /** Puts the item at the end of its chain. True when it is the head, that is when it may run now. */
  add(item: T): boolean;
  /** Takes the head away; returns the next of its chain, which may run now. `head` must be the head of its chain. */
  finish(head: T): T | undefined;
};

/** Empty chains are not worth sweeping below this many. */
const IDLE_KEPT = 1_024;

export function createKeyChains<T extends Chained<T>>(): KeyChains<T> {
  const chains = new Map<string, Chain<T>>();
  let idle = 0;

  const sweep = () => {
    for (const chain of chains.values()) if (chain.tail === undefined) chains.delete(chain.key);
    idle = 0;
  };

  return {
    get keys() {
      return chains.size - idle;
    },
    get idleKeys() {
      return idle;
    },
    add(item) {
      const known = chains.get(item.key);
      const chain = known ?? { key: item.key, tail: undefined };
      const { tail } = chain;
      item.chain = chain;
      chain.tail = item;
      if (tail !== undefined) {
        tail.next = item;
        return false;
      }
      if (known === undefined) chains.set(item.key, chain);
      else idle--;
      return true;
    },
    finish(head) {
      const { next, chain } = head;
      head.next = undefined;
      head.chain = undefined;
      if (next === undefined && chain !== undefined) {
        chain.tail = undefined;
        idle++;
        if (idle > IDLE_KEPT && idle * 2 > chains.size) sweep();
      }
      return next;
    },
  };
}
