import type { LogPartition } from '@belfry/core/log';
import type { TopicDescription } from './log-storage.ts';
import type { PartitionFeed } from './partition-feed.ts';

/** A partition as the main thread knows it. */
export type OpenPartition = LogPartition & {
  readonly id: number;
  /** Offset after the last record whose append has resolved. */
  next: number;
  /** Woken when there are new records. */
  readonly feeds: Set<PartitionFeed>;
};

export type OpenTopic = {
  readonly name: string;
  readonly partitionIds: readonly number[];
  readonly partitions: readonly OpenPartition[];
};

/** The main thread's view of the log's topics: where they end and who waits for more. */
export class OpenTopics {
  readonly #topics = new Map<string, OpenTopic>();

  /** Takes over what the thread describes. Returns the names of topics that are new or have grown. */
  update(described: readonly TopicDescription[]): string[] {
    const changed: string[] = [];
    for (const { settings, partitions } of described) {
      const { name } = settings;
      const before = this.#topics.get(name)?.partitions ?? [];
      if (partitions.length === before.length) continue;
      const added = partitions.slice(before.length).map(
        ({ id, next }, index): OpenPartition => ({
          logTopic: name,
          partition: before.length + index,
          id,
          next,
          feeds: new Set(),
        }),
      );
      const all = [...before, ...added];
      this.#topics.set(name, { name, partitions: all, partitionIds: all.map(({ id }) => id) });
      changed.push(name);
    }
    return changed;
  }

  find(name: string): OpenTopic {
    const topic = this.#topics.get(name);
    if (topic === undefined) throw new RangeError(`the log topic ${name} does not exist; create it with ensureTopics`);
    return topic;
  }

  appended(topic: OpenTopic, number: number, next: number): void {
    const partition = topic.partitions[number];
    if (partition === undefined || partition.next >= next) return;
    partition.next = next;
    for (const feed of partition.feeds) feed.wake();
  }
}
