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

export function createFetchPosition(start: bigint): FetchPosition {
  let next = start;
  let seeks = 0;
  let passedOverTo: bigint | undefined;

  const moveTo = (offset: bigint) => {
    next = offset;
    seeks = 0;
    passedOverTo = undefined;
  };

  return {
    get next() {
      return next;
    },
    judge(fetchedAt) {
      if (fetchedAt === next) return 'take';
      // Not at the first sight of it: what was passed over may have been fetched before the last rejoin. After a seek it was fetched from here.
      if (seeks > 0 && fetchedAt === passedOverTo) {
        moveTo(fetchedAt);
        return 'take';
      }
      seeks++;
      passedOverTo = undefined;
      return seeks === 1 ? 'seek' : 'check';
    },
    taken(last) {
      moveTo(last + 1n);
    },
    passedOver(first, last) {
      if (last < next) return;
      if ((first ?? last) === next) moveTo(last + 1n);
      else passedOverTo = last + 1n;
    },
  };
}
