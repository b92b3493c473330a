import { statfsSync } from 'node:fs';

const CHECK_EVERY_BYTES = 1_048_576;
const CHECK_EVERY_MS = 1_000;

/**
 * Watches a floor of free space. Refusing appends before the disk is full leaves room for what makes it emptier: commits, and deletes,
 * which write before they free.
 */
export class DiskSpace {
  readonly #directory: string;
  readonly #minFreeBytes: number;
  #uncheckedBytes = Number.POSITIVE_INFINITY;
  #checkedAtMs = 0;

  constructor(directory: string, minFreeBytes: number) {
    this.#directory = directory;
    this.#minFreeBytes = minFreeBytes;
  }

  /** Throws an error with code `log-full` where less than the floor would be free. Asks the system at most every MiB or second. */
  assertRoom(bytes: number, nowMs: number): void {
    this.#uncheckedBytes += bytes;
    if (this.#uncheckedBytes < CHECK_EVERY_BYTES && Math.abs(nowMs - this.#checkedAtMs) < CHECK_EVERY_MS) return;
    const { bavail, bsize } = statfsSync(this.#directory);
    const free = bavail * bsize;
    if (free - bytes < this.#minFreeBytes) {
      this.#uncheckedBytes = Number.POSITIVE_INFINITY;
      const message = `${this.#directory} has ${free} bytes free; the log keeps ${this.#minFreeBytes} free`;
      throw Object.assign(new Error(message), { code: 'log-full' });
    }
    this.#uncheckedBytes = 0;
    this.#checkedAtMs = nowMs;
  }
}
