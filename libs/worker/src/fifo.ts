/** A queue in a ring that doubles when full: every operation is O(1) amortised, unlike `Array.shift` on long arrays. */
export type Fifo<T> = {
  readonly size: number;
  push(item: T): void;
  /** Puts the item before all others. */
  unshift(item: T): void;
  peek(): T | undefined;
  shift(): T | undefined;
  clear(): void;
};

const INITIAL_SLOTS = 16;

export function createFifo<T>(): Fifo<T> {
  let slots: (T | undefined)[] = new Array(INITIAL_SLOTS);
  let mask = INITIAL_SLOTS - 1;
  let head = 0;
  let size = 0;

  const grow = () => {
    const wider: (T | undefined)[] = new Array(slots.length * 2);
    for (let at = 0; at < size; at++) wider[at] = slots[(head + at) & mask];
    slots = wider;
    mask = wider.length - 1;
    head = 0;
  };

  return {
    get size() {
      return size;
    },
    push(item) {
      if (size > mask) grow();
      slots[(head + size) & mask] = item;
      size++;
    },
    unshift(item) {
      if (size > mask) grow();
      head = (head - 1) & mask;
      slots[head] = item;
      size++;
    },
    peek: () => (size === 0 ? undefined : slots[head]),
    shift() {
      if (size === 0) return undefined;
      const item = slots[head];
      slots[head] = undefined;
      head = (head + 1) & mask;
      size--;
      return item;
    },
    clear() {
      slots = new Array(INITIAL_SLOTS);
      mask = INITIAL_SLOTS - 1;
      head = 0;
      size = 0;
    },
  };
}
