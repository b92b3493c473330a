/**
 * Where reading stands in a partition that was given to us. The client moves a position of its own, and not always as we would: after a rejoin it can
 * hand out what it asked for before, after OFFSET_OUT_OF_RANGE it begins elsewhere, and batches without a record for us (control records, aborted
 * transactions, compacted ranges) it passes over by itself. A batch is taken only when it was fetched at exactly this position, so that nothing is skipped or
 * handed out twice.
 */
export type FetchPosition = {
  /** The offset that is read next. */
  readonly next: bigint;
  /**
   * `take`: it begins where we stand; call `taken`. `seek`: tell the client where we stand and leave the batch. `check`: seeking did not help, so the
   * position may not exist any more.
   */
  judge(fetchedAt: bigint): 'take' | 'seek' | 'check';
  /** A batch was taken; `last` is the last offset that it covers. */
  taken(last: bigint): void;
  /** The client passed over a batch without records for us, from `first` (null when nothing of it was at or above where it was fetched) to `last`. */
  passedOver(first: bigint | null, last: bigint): void;
};

/**
 * `isChecked`: the offset is there and the client was stopped before it was told of it, so what comes first was fetched here, even if it begins with a
 * gap. Otherwise a gap could as well be what we have not read.
 */
export function createFetchPosition(start: bigint, isChecked = false): FetchPosition {
  let next = start;
  let seeks = 0;
  let isTrusted = isChecked;

  const moveTo = (offset: bigint) => {
    next = offset;
    seeks = 0;
    isTrusted = false;
  };

  return {
    get next() {
      return next;
    },
    judge(fetchedAt) {
      if (fetchedAt === next) return 'take';
      isTrusted = false;
      seeks++;
      return seeks === 1 ? 'seek' : 'check';
    },
    taken(last) {
      moveTo(last + 1n);
    },
    passedOver(first, last) {
      if (last < next) return;
      if (isTrusted || (first ?? last) === next) moveTo(last + 1n);
    },
  };
}
