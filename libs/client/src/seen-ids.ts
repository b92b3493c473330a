/** The ids seen last. Delivery is at least once, so a notification may come twice; an id that is still remembered is not shown again. */
export type SeenIds = {
  /** True the first time. */
  add(id: string): boolean;
  clear(): void;
};

const SEEN_IDS = 1_000;

export function createSeenIds(limit = SEEN_IDS): SeenIds {
  const ids = new Set<string>();
  return {
    add(id) {
      if (ids.has(id)) return false;
      ids.add(id);
      // A set iterates in the order of insertion: the first is the oldest.
      const [oldest] = ids;
      if (ids.size > limit && oldest !== undefined) ids.delete(oldest);
      return true;
    },
    clear: () => ids.clear(),
  };
}
