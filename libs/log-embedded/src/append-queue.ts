import type { Clock } from '@belfry/core/clock';
import type { AppendedPosition, NewLogRecord } from '@belfry/core/log';
import { AppendPacker } from './append-packer.ts';
import type { OpenTopic } from './open-topics.ts';

/** A turn that appends more than this crosses in several pieces, so that the buffer does not grow without bound. */
const MAX_PIECE_BYTES = 4 * 1024 * 1024;

type PendingAppend = {
  readonly topic: OpenTopic;
  readonly partitions: readonly number[];
  readonly resolve: (positions: AppendedPosition[]) => void;
  readonly reject: (error: unknown) => void;
};

export type AppendQueueOptions = {
  readonly clock: Clock;
  /** Stores packed records durably and returns their offsets in the same order. */
  readonly store: (packed: ArrayBuffer, nowMs: number) => Promise<Float64Array>;
  /** The partitions that have new records, after every batch. */
  readonly onAppended: (topic: OpenTopic, partition: number, next: number) => void;
};

/** Joins the appends of one event-loop turn: they cross to the thread in one buffer and share a commit. */
export class AppendQueue {
  readonly #options: AppendQueueOptions;
  readonly #packer = new AppendPacker();
  #pending: PendingAppend[] = [];

  constructor(options: AppendQueueOptions) {
    this.#options = options;
  }

  add(topic: OpenTopic, records: readonly NewLogRecord[]): Promise<AppendedPosition[]> {
    return new Promise((resolve, reject) => {
      const partitions = this.#packer.add(topic.partitionIds, records, this.#options.clock.nowMs());
      this.#pending.push({ topic, partitions, resolve, reject });
      if (this.#packer.bytes >= MAX_PIECE_BYTES) this.flush();
      // A tick runs after the promise reactions of this turn, in which other callers may append as well.
      else if (this.#pending.length === 1) process.nextTick(() => this.flush());
    });
  }

  flush(): void {
    if (this.#pending.length === 0) return;
    const pending = this.#pending;
    this.#pending = [];
    this.#options.store(this.#packer.take(), this.#options.clock.nowMs()).then(
      (offsets) => this.#resolve(pending, offsets),
      (error) => {
        for (const { reject } of pending) reject(error);
      },
    );
  }

  #resolve(pending: readonly PendingAppend[], offsets: Float64Array): void {
    let at = 0;
    for (const { topic, partitions, resolve } of pending) {
      resolve(
        partitions.map((partition) => {
          const offset = offsets[at++] as number;
          this.#options.onAppended(topic, partition, offset + 1);
          return { partition, offset: BigInt(offset) };
        }),
      );
    }
  }
}
