import type { NewLogRecord } from '@belfry/core/log';
import { murmur2 } from '@belfry/core/partitioner';
import { keyBytesAt, MAX_RECORD_BYTES, RECORD_OVERHEAD_BYTES, writeRecord } from './record-codec.ts';

const ENTRY_BYTES = 8;
const INITIAL_BYTES = 64 * 1024;
const KEPT_BYTES = 4 * 1024 * 1024;
const LONGEST_UTF8 = 3;

/**
 * Collects the records of many appends in one buffer, so that they cross to the log's thread in one piece. An entry is the partition's
 * id (u32), the record's length (u32) and the record as it will be stored, still without its checksum.
 */
export class AppendPacker {
  #bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  #end = 0;

  get bytes(): number {
    return this.#end;
  }

  /** Returns the partition of each record. Adds all or, when one is too large (`RangeError`), none. */
  add(partitionIds: readonly number[], records: readonly NewLogRecord[], appendedAtMs: number): number[] {
    const end = this.#end;
    try {
      return records.map((record) => this.#addOne(partitionIds, record, appendedAtMs));
    } catch (error) {
      this.#end = end;
      throw error;
    }
  }

  /** Hands out what was collected and begins anew. */
  take(): ArrayBuffer {
    const taken = new ArrayBuffer(this.#end);
    this.#bytes.copy(new Uint8Array(taken), 0, 0, this.#end);
    if (this.#bytes.length > KEPT_BYTES) this.#bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES);
    this.#end = 0;
    return taken;
  }

  #addOne(partitionIds: readonly number[], record: NewLogRecord, appendedAtMs: number): number {
    const headers = record.headers === undefined ? '' : headersJson(record.headers);
    const atMost = (record.key.length + headers.length) * LONGEST_UTF8 + record.value.length;
    if (atMost > MAX_RECORD_BYTES * LONGEST_UTF8) {
      throw new RangeError(`key, headers and value of a record are too long; the limit is ${MAX_RECORD_BYTES} bytes`);
    }
    this.#reserve(ENTRY_BYTES + RECORD_OVERHEAD_BYTES + atMost);
    const start = this.#end + ENTRY_BYTES;
    const end = writeRecord(this.#bytes, start, record, headers, appendedAtMs);
    const partition = (murmur2(keyBytesAt(this.#bytes, start)) & 0x7fffffff) % partitionIds.length;
    this.#bytes.writeUInt32BE(partitionIds[partition] as number, this.#end);
    this.#bytes.writeUInt32BE(end - start, this.#end + 4);
    this.#end = end;
    return partition;
  }

  #reserve(bytes: number): void {
    const needed = this.#end + bytes;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.#end);
    this.#bytes = larger;
  }
}

/** Calls `visit` for each entry that an `AppendPacker` put into `packed`. `record` is a view of it. */
export function forEachPacked(packed: ArrayBuffer, visit: (partitionId: number, record: Buffer) => void): void {
  const bytes = Buffer.from(packed);
  for (let at = 0; at < bytes.length; ) {
    const start = at + ENTRY_BYTES;
    const end = start + bytes.readUInt32BE(at + 4);
    visit(bytes.readUInt32BE(at), bytes.subarray(start, end));
    at = end;
  }
}

function headersJson(headers: Readonly<Record<string, string>>): string {
  const json = JSON.stringify(headers);
  return json === '{}' ? '' : json;
}
