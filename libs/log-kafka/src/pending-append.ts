import type { AppendedPosition } from '@belfry/core/log';
import type { Message } from 'kafkajs';

/** A record that knows its partition and its size. */
export type PreparedRecord = { readonly partition: number; readonly bytes: number; readonly message: Message };

/** One call of `append` until its caller has an answer. */
export type PendingAppend = {
  readonly logTopic: string;
  readonly kafkaTopic: string;
  /** What the broker takes as one batch of a partition of this topic. */
  readonly maxBatchBytes: number;
  readonly records: readonly PreparedRecord[];
  readonly bytes: number;
  /** On the clock's monotonic time. */
  readonly deadlineMs: number;
  readonly resolve: (positions: readonly AppendedPosition[]) => void;
  readonly reject: (error: Error) => void;
  /** Filled from the front; its length is the number of confirmed records. */
  readonly positions: AppendedPosition[];
  /** Sent by itself, after a send that it was part of was refused: nobody could tell because of whom. */
  alone: boolean;
  /** Its caller has an answer. */
  settled: boolean;
};
