import type { DeliveryRef } from '@belfry/core/delivery';
import type { Settlement } from '@belfry/core/store/gate';

/**
 * What came of attempts that the store could not be told. While it answers questions and takes no changes (a full disk, rows that somebody keeps locked) the gate would let
 * the same attempt pass again and again, and each time the provider would get it. Memory only: what a crash forgets is made again.
 */
export type UnsettledAttempts = {
  /** What this very attempt came to, if it was made here and its settlement failed. It is not kept any longer. */
  take(ref: DeliveryRef): Settlement | undefined;
  /** The store did not take its settlement. */
  add(settlement: Settlement): void;
};

/** Far more than are under way at once. What partitions that went elsewhere leave behind is forgotten when it is the oldest of so many. */
const MAX_ATTEMPTS = 10_000;

export function createUnsettledAttempts(maxAttempts = MAX_ATTEMPTS): UnsettledAttempts {
  const settlements = new Map<string, Settlement>();
  return {
    take(ref) {
      const name = nameOf(ref);
      const settlement = settlements.get(name);
      settlements.delete(name);
      return settlement;
    },
    add(settlement) {
      const name = nameOf(settlement.ref);
      // Deleted first, so that it stands behind those that are older.
      settlements.delete(name);
      settlements.set(name, settlement);
      if (settlements.size <= maxAttempts) return;
      const [oldest] = settlements.keys();
      if (oldest !== undefined) settlements.delete(oldest);
    },
  };
}

function nameOf({ deliveryId, redrive, attempt }: DeliveryRef): string {
  return `${deliveryId} ${redrive} ${attempt}`;
}
