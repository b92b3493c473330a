export type CorruptPlace = { readonly logTopic: string; readonly partition: number; readonly offset: number };

/**
 * The log's file does not hold what was written: a bit rotted, a page was lost, something else wrote to it. Nothing that failed its
 * checksum is handed out and the log serves nothing from then on; the process must stop and the file be looked at or restored.
 */
export class LogCorruption extends Error {
  override readonly name = 'LogCorruption';
  readonly code = 'log-corrupt';
  /** Where it was found; undefined where the damage is in the bookkeeping and not in a record. */
  readonly detail: CorruptPlace | undefined;

  constructor(reason: string, place?: CorruptPlace, options?: ErrorOptions) {
    const where = place === undefined ? '' : `${place.logTopic} partition ${place.partition} offset ${place.offset}: `;
    super(`the embedded log is corrupt: ${where}${reason}`, options);
    this.detail = place;
  }
}
