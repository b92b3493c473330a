import type { ConsumeHandler, Generation, LogConsumer, LogPartition } from '@belfry/core/log';
import { assignPartitions } from './assign-partitions.ts';
import type { OpenPartition, OpenTopics } from './open-topics.ts';
import { PartitionFeed, type PartitionFeedOptions } from './partition-feed.ts';

type Member = { readonly logTopics: readonly string[]; readonly handler: ConsumeHandler };

type Assigned = {
  readonly member: Member;
  readonly partition: OpenPartition;
  readonly generation: Generation;
  readonly feed: PartitionFeed;
};

export type ConsumerGroupOptions = {
  readonly topics: OpenTopics;
  readonly read: PartitionFeedOptions['read'];
  readonly onFailure: PartitionFeedOptions['onFailure'];
  /** The committed offsets of these partitions. */
  readonly committed: (partitionIds: readonly number[]) => Promise<readonly number[]>;
  /** Throws when the log has ended. */
  readonly assertUsable: () => void;
  readonly commit: (partitionId: number, next: bigint) => Promise<void>;
};

/** The members of one group in this process, and which of them has which partition. */
export class ConsumerGroup {
  readonly #options: ConsumerGroupOptions;
  readonly #assigned = new Map<OpenPartition, Assigned>();
  /** Of every partition that was ever given out; kept so that a generation is never used twice. */
  readonly #generations = new Map<OpenPartition, Generation>();
  #members: Member[] = [];
  #rebalanced: Promise<void> = Promise.resolve();

  constructor(options: ConsumerGroupOptions) {
    this.#options = options;
  }

  /** Topics that the members read. */
  logTopics(): string[] {
    return [...new Set(this.#members.flatMap((member) => member.logTopics))];
  }

  async join(logTopics: readonly string[], handler: ConsumeHandler): Promise<LogConsumer> {
    const member: Member = { logTopics, handler };
    this.#members.push(member);
    await this.rebalance();
    return {
      joined: Promise.resolve(),
      pause: (partition) => this.#find(member, partition)?.feed.pause(),
      resume: (partition) => this.#find(member, partition)?.feed.resume(),
      commit: async (partition, generation, next) => {
        // Otherwise a commit after the end would look like one that came too late, which resolves.
        this.#options.assertUsable();
        const assigned = this.#find(member, partition);
        if (assigned?.generation === generation) await this.#options.commit(assigned.partition.id, next);
      },
      close: () => this.#leave(member),
    };
  }

  /** One at a time: between revoking and assigning there is a read from the thread. */
  rebalance(): Promise<void> {
    const done = this.#rebalanced.then(() => this.#rebalance());
    this.#rebalanced = done.catch(() => {});
    return done;
  }

  /** Stops all feeds without a word to the members: the log itself is ending. */
  stop(): void {
    for (const { feed } of this.#assigned.values()) feed.stop();
    this.#assigned.clear();
    this.#members = [];
  }

  async #leave(member: Member): Promise<void> {
    if (!this.#members.includes(member)) return;
    this.#members = this.#members.filter((other) => other !== member);
    for (const assigned of [...this.#assigned.values()]) {
      if (assigned.member === member) this.#revoke(assigned);
    }
    await this.rebalance();
  }

  async #rebalance(): Promise<void> {
    const { topics, committed } = this.#options;
    const wanted = new Map<OpenPartition, Member>();
    const assignment = assignPartitions(this.#members, (name) => topics.find(name).partitions.length);
    for (const [name, owners] of assignment) {
      for (const partition of topics.find(name).partitions) {
        const member = this.#members[owners[partition.partition] ?? -1];
        if (member !== undefined) wanted.set(partition, member);
      }
    }
    for (const assigned of [...this.#assigned.values()]) {
      if (wanted.get(assigned.partition) !== assigned.member) this.#revoke(assigned);
    }
    const gained = [...wanted].filter(([partition]) => !this.#assigned.has(partition));
    if (gained.length === 0) return;
    const starts = await committed(gained.map(([partition]) => partition.id));
    for (const [index, [partition, member]] of gained.entries()) {
      // A member that left meanwhile has queued a rebalance of its own.
      if (this.#members.includes(member)) this.#assign(partition, member, starts[index] ?? 0);
    }
  }

  #assign(partition: OpenPartition, member: Member, from: number): void {
    const generation = (this.#generations.get(partition) ?? 0) + 1;
    const { logTopic, partition: number } = partition;
    const named: LogPartition = { logTopic, partition: number };
    this.#generations.set(partition, generation);
    const { read, onFailure } = this.#options;
    const deliver: PartitionFeedOptions['deliver'] = (records) => member.handler.onBatch(named, generation, records);
    // Before `onAssigned`, which may want to pause it; it delivers nothing before this returns.
    const feed = new PartitionFeed({ partition, from, read, deliver, onFailure });
    this.#assigned.set(partition, { member, partition, generation, feed });
    try {
      member.handler.onAssigned(named, generation);
    } catch (error) {
      onFailure(error);
    }
  }

  #revoke({ member, partition, generation, feed }: Assigned): void {
    feed.stop();
    this.#assigned.delete(partition);
    try {
      member.handler.onRevoked({ logTopic: partition.logTopic, partition: partition.partition }, generation);
    } catch (error) {
      this.#options.onFailure(error);
    }
  }

  #find(member: Member, { logTopic, partition }: LogPartition): Assigned | undefined {
    const open = this.#options.topics.find(logTopic).partitions[partition];
    const assigned = open && this.#assigned.get(open);
    return assigned?.member === member ? assigned : undefined;
  }
}
