import type { NewLogRecord } from '@belfry/core/log';

/** Header of a record batch, version 2. */
export const BATCH_OVERHEAD_BYTES = 61;

/** Attributes, and the longest varints for length, time, offset, key length, value length and number of headers. */
const RECORD_OVERHEAD_BYTES = 36;
/** Two varints of at most 5 bytes. */
const HEADER_OVERHEAD_BYTES = 10;

/** The most that a record takes in an uncompressed batch. */
export function recordBytes(record: NewLogRecord): number {
  let bytes = RECORD_OVERHEAD_BYTES + Buffer.byteLength(record.key) + record.value.length;
  for (const [name, value] of Object.entries(record.headers ?? {})) {
    bytes += HEADER_OVERHEAD_BYTES + Buffer.byteLength(name) + Buffer.byteLength(value);
  }
  return bytes;
}
