import { crc32c } from './crc32c.ts';
import { LogCorruption } from './log-corruption.ts';

const encoder = new TextEncoder();

/** The checksum kept in a bookkeeping row. A flipped bit there would lose records as surely as one in a record. */
export function rowChecksum(table: string, fields: readonly unknown[]): number {
  return crc32c(encoder.encode(JSON.stringify([table, ...fields])));
}

/** Throws a `LogCorruption` where the last column of a row is not the checksum of the others. */
export function assertIntactRow(table: string, row: readonly unknown[]): void {
  if (row.at(-1) !== rowChecksum(table, row.slice(0, -1))) {
    throw new LogCorruption(`a row of ${table} does not match its checksum (${JSON.stringify(row)})`);
  }
}
