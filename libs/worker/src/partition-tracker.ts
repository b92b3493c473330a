/**
 * What of one generation of one partition is taken and what is done. Pure: it knows offsets and nothing of handlers.
 *
 * The watermark is the lowest offset that is taken and not done. Everything below it is done, so it is what may be committed; offsets
 * that the log never shows (Kafka's control records, compaction) are passed over by the next one it does show.
 */
export type PartitionTracker = {
  /** Records taken and not yet below the watermark. */
  readonly open: number;
  /**
   * Whether `offset` may be taken now: `full` while it lies `lookAhead` or more above the watermark, `repeat` when it, or a higher one, was
   * taken before.
   */
  verdict(offset: bigint): 'take' | 'full' | 'repeat';
  /** Takes an offset that `verdict` let through; offsets must grow. Returns the ticket to finish it with. */
  take(offset: bigint): number;
  /** Marks the record done. Returns whether the watermark moved. Each ticket once. */
  finish(ticket: number): boolean;
  /** The watermark, or the end of what was taken when all of it is done: the offset to commit. Undefined before the first record. */
  committable(): bigint | undefined;
};

const INITIAL_SLOTS = 64;

/** `lookAhead`: offsets between the watermark and the highest that may be taken, ≥ 1. It bounds what a crash repeats, and the memory. */
export function createPartitionTracker(lookAhead: number): PartitionTracker {
  const distance = BigInt(lookAhead);
  let offsets: bigint[] = new Array(INITIAL_SLOTS).fill(0n);
  let done = new Uint8Array(INITIAL_SLOTS);
  let mask = INITIAL_SLOTS - 1;
  // Tickets count up from 0; those in [low, high) are open, and ticket & mask is their slot.
  let low = 0;
  let high = 0;
  let highest = -1n;
  // Offsets below this may be taken; computed anew only when one is not, as the watermark moves with almost every record.
  let limit = 0n;

  const grow = () => {
    const wider = offsets.length * 2;
    const widerOffsets: bigint[] = new Array(wider).fill(0n);
    const widerDone = new Uint8Array(wider);
    for (let ticket = low; ticket < high; ticket++) {
      widerOffsets[ticket % wider] = offsets[ticket & mask] ?? 0n;
      widerDone[ticket % wider] = done[ticket & mask] ?? 0;
    }
    offsets = widerOffsets;
    done = widerDone;
    mask = wider - 1;
  };

  return {
    get open() {
      return high - low;
    },
    verdict(offset) {
      if (offset <= highest) return 'repeat';
      if (low === high || offset < limit) return 'take';
      limit = (offsets[low & mask] ?? 0n) + distance;
      return offset < limit ? 'take' : 'full';
    },
    take(offset) {
      if (high - low > mask) grow();
      offsets[high & mask] = offset;
      done[high & mask] = 0;
      highest = offset;
      return high++;
    },
    finish(ticket) {
      done[ticket & mask] = 1;
      if (ticket !== low) return false;
      while (low < high && done[low & mask] === 1) low++;
      return true;
    },
    committable() {
      if (high === 0) return undefined;
      return low === high ? highest + 1n : offsets[low & mask];
    },
  };
}
