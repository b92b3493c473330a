import type { LogRecord } from '@belfry/core/log';
import type { StoredBatch } from './log-storage.ts';
import type { OpenPartition } from './open-topics.ts';
import { unpackBatch } from './stored-batch.ts';

export type PartitionFeedOptions = {
  readonly partition: OpenPartition;
  /** Offset to begin at. */
  readonly from: number;
  readonly read: (partition: OpenPartition, from: number) => Promise<StoredBatch>;
  readonly deliver: (records: readonly LogRecord[]) => void;
  /** A read failed or `deliver` threw; the feed has stopped. */
  readonly onFailure: (error: unknown) => void;
};

/**
 * Reads a partition forward and hands its records out, woken by appends. Holds at most one batch that was not handed out: a batch on its
 * way when the feed is paused waits here for `resume`.
 */
export class PartitionFeed {
  readonly #options: PartitionFeedOptions;
  #next: number;
  #held: StoredBatch | undefined;
  #paused = false;
  #stopped = false;
  #running = false;

  constructor(options: PartitionFeedOptions) {
    this.#options = options;
    this.#next = options.from;
    options.partition.feeds.add(this);
    this.wake();
  }

  wake(): void {
    if (this.#running || !this.#hasWork()) return;
    this.#running = true;
    this.#run().then(
      () => {
        this.#running = false;
        this.wake();
      },
      (error) => {
        this.stop();
        this.#options.onFailure(error);
      },
    );
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.wake();
  }

  /** Nothing is handed out after this returns. */
  stop(): void {
    this.#stopped = true;
    this.#held = undefined;
    this.#options.partition.feeds.delete(this);
  }

  async #run(): Promise<void> {
    const { partition, read, deliver } = this.#options;
    // Never from inside the caller of `resume`, who is not prepared for a batch in the middle of his own work.
    await Promise.resolve();
    while (this.#hasWork()) {
      this.#held ??= await read(partition, this.#next);
      if (this.#stopped || this.#paused) break;
      const batch: StoredBatch = this.#held;
      this.#held = undefined;
      this.#next = batch.first + batch.count;
      if (batch.count > 0) deliver(unpackBatch(partition, batch));
    }
  }

  #hasWork(): boolean {
    return !this.#stopped && !this.#paused && (this.#held !== undefined || this.#next < this.#options.partition.next);
  }
}
