/**
 * Log: the durable, partitioned, ordered queue that moves work. Adapters: `log-embedded` (one process), `log-kafka`.
 *
 * Guarantee. `append` resolves only once the records would survive a crash (Kafka: acks=all; embedded: fsynced). An append that
 * rejects may still have been stored: callers repeat it, and readers tolerate repeats. Records of one `append` call that share
 * a partition keep their order; two calls for the same key made one after the other (the second after the first resolved) keep
 * theirs. Between partitions there is no order.
 *
 * Delivery. Within a group every record of a partition is handed out in offset order, at least once, to one member at a time.
 * After a crash or a reassignment delivery restarts at the committed offset.
 *
 * Validation. The log does not look into values; producers validate before they append, consumers validate again.
 */
export type LogRecord = {
  readonly logTopic: string;
  readonly partition: number;
  /** Position in the partition; grows, not necessarily by one (Kafka has gaps). */
  readonly offset: bigint;
  readonly key: string;
  readonly value: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
  /** Wall-clock milliseconds at which the log took the record. */
  readonly appendedAtMs: number;
};

export type NewLogRecord = {
  /** Decides the partition: murmur2 as in `partitioner.ts`, whichever adapter. */
  readonly key: string;
  readonly value: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
};

export type AppendedPosition = { readonly partition: number; readonly offset: bigint };

/**
 * Counts the times this process was given the partition. A result that carries an older generation than the current one belongs to
 * work that was interrupted: it must not be committed.
 */
export type Generation = number;

export type ConsumeOptions = { readonly group: string; readonly logTopics: readonly string[] };

export type ConsumeHandler = {
  /** The partition is ours from the committed offset on. Called before its first `onBatch`. */
  onAssigned(partition: LogPartition, generation: Generation): void;
  /**
   * Records in offset order. Must return at once: put them in memory and use `pause` when that is full. Throwing stops the process:
   * a handler that cannot take records is a bug.
   */
  onBatch(partition: LogPartition, generation: Generation, records: readonly LogRecord[]): void;
  /** The partition is no longer ours; commits of this generation are ignored from here on. */
  onRevoked(partition: LogPartition, generation: Generation): void;
};

export type LogPartition = { readonly logTopic: string; readonly partition: number };

export type LogConsumer = {
  /** Resolves once the group has given the member its partitions for the first time; there may be none for it. Never rejects. */
  readonly joined: Promise<void>;
  /** No `onBatch` for the partition after this returns, save for records already on their way: tolerate one more batch. */
  pause(partition: LogPartition): void;
  resume(partition: LogPartition): void;
  /**
   * Makes `next` the offset at which the group continues after a crash. Everything below it must be done. A commit with a stale
   * generation resolves without effect. Commits of one partition never go back.
   */
  commit(partition: LogPartition, generation: Generation, next: bigint): Promise<void>;
  /** Gives the partitions back; no handler call after it resolves. Does not commit. */
  close(): Promise<void>;
};

export type LogTail = { close(): Promise<void> };

export type LogLag = {
  readonly logTopic: string;
  readonly partition: number;
  /** Records appended but not committed by the group. */
  readonly records: bigint;
  /** Age of the oldest such record in milliseconds; 0 when there is none. */
  readonly oldestAgeMs: number;
};

export type Log = {
  append(logTopic: string, records: readonly NewLogRecord[]): Promise<readonly AppendedPosition[]>;
  consume(options: ConsumeOptions, handler: ConsumeHandler): Promise<LogConsumer>;
  /** Every instance gets every record appended after the returned promise resolves. Nothing is committed; at most once. */
  tail(logTopic: string, handler: (records: readonly LogRecord[]) => void): Promise<LogTail>;
  /** Works whether or not the group has members now. A group never seen counts from the start of the topic. */
  lag(group: string): Promise<readonly LogLag[]>;
  /** Creates the topics that are missing; safe to call from many processes. Never reduces partitions. */
  ensureTopics(topics: readonly LogTopicSettings[]): Promise<void>;
  /** Resolves after pending appends have settled. Every call after it rejects. */
  close(): Promise<void>;
};

export type LogTopicSettings = {
  readonly name: string;
  /** 1–1024. */
  readonly partitions: number;
  /** Records older than this may be removed, once every configured group has committed them. */
  readonly retentionMs: number;
  /** Like `retentionMs`, by size of the partition; undefined means no limit by size. */
  readonly retentionBytes?: number;
  /** Groups whose committed offset holds retention back, also before they have ever joined. */
  readonly groups: readonly string[];
};
