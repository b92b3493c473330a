import type { LogRecord, NewLogRecord } from '@belfry/core/log';
import { crc32c } from './crc32c.ts';

/*
 * A stored record, big-endian:
 *   0  u32  CRC-32C over partition id (u32), offset (f64) and everything from byte 4 on
 *   4  f64  appendedAtMs
 *  12  u32  length of the key
 *  16  u32  length of the headers
 *  20       key (UTF-8), headers (JSON, empty for none), value
 */
const TIME_AT = 4;
const KEY_LENGTH_AT = 12;
const HEADERS_LENGTH_AT = 16;
const KEY_AT = 20;
const NO_HEADERS: Readonly<Record<string, string>> = Object.freeze({});

/** Bytes that a stored record needs beside key, headers and value. */
export const RECORD_OVERHEAD_BYTES = KEY_AT;

/** Key, headers and value together: 1 MiB, as a Kafka broker takes by default, so that what fits here fits there. */
export const MAX_RECORD_BYTES = 1_048_576;

/** Writes a record without its checksum at `at` and returns where it ends. Throws a `RangeError` above `MAX_RECORD_BYTES`. */
export function writeRecord(
  target: Buffer,
  at: number,
  record: NewLogRecord,
  headers: string,
  appendedAtMs: number,
): number {
  const keyBytes = target.write(record.key, at + KEY_AT);
  const headersBytes = headers === '' ? 0 : target.write(headers, at + KEY_AT + keyBytes);
  const contentBytes = keyBytes + headersBytes + record.value.length;
  if (contentBytes > MAX_RECORD_BYTES) {
    throw new RangeError(
      `key, headers and value of a record have ${contentBytes} bytes; the limit is ${MAX_RECORD_BYTES}`,
    );
  }
  target.writeDoubleBE(appendedAtMs, at + TIME_AT);
  target.writeUInt32BE(keyBytes, at + KEY_LENGTH_AT);
  target.writeUInt32BE(headersBytes, at + HEADERS_LENGTH_AT);
  target.set(record.value, at + KEY_AT + keyBytes + headersBytes);
  return at + KEY_AT + contentBytes;
}

/** The key's bytes of a record that `writeRecord` put at `at`. */
export function keyBytesAt(source: Buffer, at: number): Uint8Array {
  return source.subarray(at + KEY_AT, at + KEY_AT + source.readUInt32BE(at + KEY_LENGTH_AT));
}

const place = Buffer.alloc(12);

/** The checksum that binds a record's bytes to the place where it belongs. */
function recordChecksum(record: Uint8Array, partitionId: number, offset: number): number {
  place.writeUInt32BE(partitionId, 0);
  place.writeDoubleBE(offset, 4);
  return crc32c(record, TIME_AT, record.length, crc32c(place));
}

export function sealRecord(record: Uint8Array, partitionId: number, offset: number): void {
  const checksum = recordChecksum(record, partitionId, offset);
  record[0] = checksum >>> 24;
  record[1] = checksum >>> 16;
  record[2] = checksum >>> 8;
  record[3] = checksum;
}

export function isIntactRecord(record: Uint8Array, partitionId: number, offset: number): boolean {
  if (record.length < KEY_AT) return false;
  const [a = 0, b = 0, c = 0, d = 0] = record;
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0 === recordChecksum(record, partitionId, offset);
}

export function appendedAtMsOf(record: Uint8Array): number {
  return Buffer.from(record.buffer, record.byteOffset, record.byteLength).readDoubleBE(TIME_AT);
}

/** Reads the stored record between `start` and `end`. The value is a view of `source`. */
export function readRecord(
  source: Buffer,
  start: number,
  end: number,
  at: { readonly logTopic: string; readonly partition: number; readonly offset: number },
): LogRecord {
  const headersAt = start + KEY_AT + source.readUInt32BE(start + KEY_LENGTH_AT);
  const headersBytes = source.readUInt32BE(start + HEADERS_LENGTH_AT);
  const valueAt = headersAt + headersBytes;
  return {
    logTopic: at.logTopic,
    partition: at.partition,
    offset: BigInt(at.offset),
    key: source.toString('utf8', start + KEY_AT, headersAt),
    value: new Uint8Array(source.buffer, source.byteOffset + valueAt, end - valueAt),
    headers: headersBytes === 0 ? NO_HEADERS : JSON.parse(source.toString('utf8', headersAt, valueAt)),
    appendedAtMs: source.readDoubleBE(start + TIME_AT),
  };
}
