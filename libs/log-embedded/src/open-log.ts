import type { ConsumeHandler, ConsumeOptions, LogLag, LogTail, LogTopicSettings, NewLogRecord } from '@belfry/core/log';
import { isUnavailable, UnavailableError } from '@belfry/core/unavailable-error';
import { createThreadClient, prepareThread, type ThreadClient } from '@belfry/sqlite';
import { AppendQueue } from './append-queue.ts';
import { ConsumerGroup } from './consumer-group.ts';
import type { EmbeddedLog, EmbeddedLogOptions } from './embedded-log.ts';
import { LogCorruption } from './log-corruption.ts';
import { toLogFailure } from './log-failure.ts';
import type { Backlog, StoredBatch, TopicDescription } from './log-storage.ts';
import type { LogThreadData, LogThreadMethods } from './log-thread.ts';
import { type OpenPartition, OpenTopics } from './open-topics.ts';
import { PartitionFeed } from './partition-feed.ts';
import { type RetentionLoop, startRetentionLoop } from './retention-loop.ts';
import { assertTopicSettings } from './topic-settings.ts';

const READ_RECORDS = 1_000;
const READ_BYTES = 256 * 1024;

export type OpenLogOptions = Required<Pick<EmbeddedLogOptions, 'directory' | 'clock' | 'onFatal' | 'minFreeBytes'>> & {
  readonly maxFileBytes: number | undefined;
  readonly checkpointPages: number;
  readonly retentionIntervalMs: number;
  readonly onClosed: () => void;
};

/** Opens the log in a directory that this process has locked. */
export async function openLog(options: OpenLogOptions): Promise<EmbeddedLog> {
  const { directory, minFreeBytes, maxFileBytes, checkpointPages } = options;
  let log: OpenLog | undefined;
  const thread = await orLogFailure(
    createThreadClient<LogThreadMethods>({
      thread: prepareThread(new URL('./log-thread.ts', import.meta.url), 'embedded log'),
      data: { directory, minFreeBytes, maxFileBytes, checkpointPages } satisfies LogThreadData,
      onDeath: (error) => log?.fail(toLogFailure(error)),
    }),
  );
  log = new OpenLog(options, thread, await orLogFailure(thread.call('describe', [])));
  return log;
}

class OpenLog implements EmbeddedLog {
  readonly #options: OpenLogOptions;
  readonly #thread: ThreadClient<LogThreadMethods>;
  readonly #topics = new OpenTopics();
  readonly #groups = new Map<string, ConsumerGroup>();
  readonly #tails = new Set<{ readonly logTopic: string; extend(): void; stop(): void }>();
  readonly #queue: AppendQueue;
  readonly #retention: RetentionLoop;
  #unusable: UnavailableError | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: OpenLogOptions, thread: ThreadClient<LogThreadMethods>, topics: readonly TopicDescription[]) {
    this.#options = options;
    this.#thread = thread;
    this.#topics.update(topics);
    this.#queue = new AppendQueue({
      clock: options.clock,
      store: (packed, nowMs) => this.#guard(thread.call('append', [packed, nowMs], [packed])),
      onAppended: (topic, partition, next) => this.#topics.appended(topic, partition, next),
    });
    this.#retention = startRetentionLoop({
      clock: options.clock,
      intervalMs: options.retentionIntervalMs,
      trim: () => this.#guard(thread.call('trim', [options.clock.nowMs()])),
      onFailure: (error) => this.#failUnlessTemporary(error),
    });
  }

  async append(logTopic: string, records: readonly NewLogRecord[]) {
    this.#assertUsable();
    const topic = this.#topics.find(logTopic);
    return records.length === 0 ? [] : this.#queue.add(topic, records);
  }

  async consume({ group, logTopics }: ConsumeOptions, handler: ConsumeHandler) {
    this.#assertUsable();
    for (const logTopic of logTopics) this.#topics.find(logTopic);
    return this.#group(group).join([...logTopics], handler);
  }

  async tail(logTopic: string, handler: Parameters<EmbeddedLog['tail']>[1]): Promise<LogTail> {
    this.#assertUsable();
    const feeds = new Map<OpenPartition, PartitionFeed>();
    const follow = (partition: OpenPartition, from: number) => {
      const onFailure = (error: unknown) => this.fail(error);
      feeds.set(partition, new PartitionFeed({ partition, from, read: this.#read, deliver: handler, onFailure }));
    };
    for (const partition of this.#topics.find(logTopic).partitions) follow(partition, partition.next);
    const tail = {
      logTopic,
      extend: () => {
        for (const partition of this.#topics.find(logTopic).partitions) {
          if (!feeds.has(partition)) follow(partition, 0);
        }
      },
      stop: () => {
        for (const feed of feeds.values()) feed.stop();
        this.#tails.delete(tail);
      },
    };
    this.#tails.add(tail);
    return { close: async () => tail.stop() };
  }

  async lag(group: string): Promise<LogLag[]> {
    this.#assertUsable();
    const also = this.#groups.get(group)?.logTopics() ?? [];
    const backlogs: readonly Backlog[] = await this.#guard(this.#thread.call('backlog', [group, also]));
    const nowMs = this.#options.clock.nowMs();
    return backlogs.map(({ logTopic, partition, records, oldestAppendedAtMs }) => ({
      logTopic,
      partition,
      records: BigInt(records),
      oldestAgeMs: oldestAppendedAtMs === undefined ? 0 : Math.max(0, nowMs - oldestAppendedAtMs),
    }));
  }

  async ensureTopics(topics: readonly LogTopicSettings[]): Promise<void> {
    this.#assertUsable();
    for (const settings of topics) assertTopicSettings(settings);
    const described = await this.#guard(this.#thread.call('ensureTopics', [topics]));
    const changed = this.#topics.update(described);
    for (const tail of this.#tails) if (changed.includes(tail.logTopic)) tail.extend();
    const grown = [...this.#groups.values()].filter((group) =>
      group.logTopics().some((name) => changed.includes(name)),
    );
    await Promise.all(grown.map((group) => group.rebalance()));
  }

  async applyRetention(): Promise<number> {
    this.#assertUsable();
    return this.#retention.run();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Stops everything and reports, once. */
  fail(error: unknown): void {
    if (this.#unusable !== undefined) return;
    const cause = error instanceof Error ? error : new Error(String(error));
    this.#unusable = new UnavailableError('log-unavailable', `the log has stopped: ${cause.message}`, { cause });
    this.#stopFeeds();
    this.#options.onFatal(cause);
  }

  async #close(): Promise<void> {
    this.#stopFeeds();
    this.#queue.flush();
    this.#unusable ??= new UnavailableError('log-unavailable', 'the log is closed');
    await this.#thread.close();
    this.#options.onClosed();
  }

  #stopFeeds(): void {
    this.#retention.stop();
    for (const group of this.#groups.values()) group.stop();
    for (const tail of this.#tails) tail.stop();
  }

  #group(name: string): ConsumerGroup {
    const known = this.#groups.get(name);
    if (known !== undefined) return known;
    const group = new ConsumerGroup({
      topics: this.#topics,
      read: this.#read,
      onFailure: (error) => this.fail(error),
      committed: (partitionIds) => this.#guard(this.#thread.call('committed', [name, partitionIds])),
      assertUsable: () => this.#assertUsable(),
      commit: async (partitionId, next) => {
        await this.#guard(this.#thread.call('commit', [name, partitionId, Number(next)]));
      },
    });
    this.#groups.set(name, group);
    return group;
  }

  readonly #read = (partition: OpenPartition, from: number): Promise<StoredBatch> =>
    this.#guard(this.#thread.call('read', [partition.id, from, READ_RECORDS, READ_BYTES]));

  /** Passes a call of the thread on with its failure in the log's own terms; corruption also ends the log. */
  async #guard<Result>(call: Promise<Result>): Promise<Result> {
    try {
      return await call;
    } catch (thrown) {
      const failure = toLogFailure(thrown);
      if (failure instanceof LogCorruption) this.fail(failure);
      throw failure;
    }
  }

  #failUnlessTemporary(error: unknown): void {
    if (!isUnavailable(error)) this.fail(error);
  }

  #assertUsable(): void {
    if (this.#unusable !== undefined) throw this.#unusable;
  }
}

async function orLogFailure<Result>(call: Promise<Result>): Promise<Result> {
  try {
    return await call;
  } catch (error) {
    throw toLogFailure(error);
  }
}
