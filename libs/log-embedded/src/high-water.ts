import { closeSync, constants, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { crc32c } from './crc32c.ts';

const FILE = 'log.high-water';
const CHECKSUM_AT = 8;
const FILE_BYTES = 12;

/**
 * How many records the log in this directory had acknowledged at least; undefined where no log was ever made. 0 where that cannot be
 * read: the file is evidence against the log, never needed by it.
 */
export function readHighWater(directory: string): number | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(join(directory, FILE));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  if (bytes.length !== FILE_BYTES) return 0;
  return bytes.readUInt32BE(CHECKSUM_AT) === crc32c(bytes, 0, CHECKSUM_AT) ? bytes.readDoubleBE(0) : 0;
}

/**
 * Notes outside of the database how many records it holds, after each commit and before anyone is told. A database that comes back with
 * fewer has lost some, which SQLite does not notice: a damaged write-ahead log reads like one that ends there, and a lost file like a new
 * one. The note is not synced, since whatever version of it survives a power cut was true before.
 */
export class HighWater {
  readonly #directory: string;
  readonly #descriptor: number;
  readonly #bytes = Buffer.alloc(FILE_BYTES);
  #noted = -1;

  constructor(directory: string) {
    this.#directory = directory;
    this.#descriptor = openSync(join(directory, FILE), constants.O_RDWR | constants.O_CREAT, 0o644);
  }

  /** `total` is durable. */
  note(total: number): void {
    if (total === this.#noted) return;
    this.#bytes.writeDoubleBE(total, 0);
    this.#bytes.writeUInt32BE(crc32c(this.#bytes, 0, CHECKSUM_AT), CHECKSUM_AT);
    writeSync(this.#descriptor, this.#bytes, 0, FILE_BYTES, 0);
    this.#noted = total;
  }

  /** Makes the file itself survive a power cut; needed once, when the log is new. */
  sync(): void {
    fsyncSync(this.#descriptor);
    if (process.platform === 'win32') return;
    const folder = openSync(this.#directory, 'r');
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}
