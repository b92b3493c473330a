import type { ConsumeHandler, Generation, Log, LogConsumer, LogPartition } from '@belfry/core/log';
import type { Random } from '@belfry/core/random';
import type { Kafka } from 'kafkajs';
import { type CommitQueue, type CommitTarget, createCommitQueue } from './commit-queue.ts';
import { committedOffsets, findStarts, hasOffset } from './committed-starts.ts';
import { consumeLimits, type KafkaConsumeOptions } from './consume-options.ts';
import { createGroupMember } from './group-member.ts';
import type { KafkaParts } from './kafka-parts.ts';
import { toLogRecord } from './log-record.ts';
import { createMemberKeeper } from './member-keeper.ts';
import { nameOf, type PartitionReader } from './readings.ts';

export type KafkaConsumeDeps = Omit<KafkaParts, 'kafka'> & {
  /** A new client for each consumer: those of one instance share what they know of committed offsets, and disturb each other. */
  readonly createClient: () => Kafka;
  /** For jitter. */
  readonly random?: Random;
  readonly options?: KafkaConsumeOptions;
};

/** A partition that was given to us, once. */
type Assigned = {
  readonly partition: LogPartition;
  readonly generation: Generation;
  readonly target: CommitTarget;
  readonly commits: CommitQueue;
  /** One past the last record that was handed out. */
  handedTo: bigint;
  /** Where reading goes on: beyond `handedTo` where control records follow it. */
  readTo: bigint;
};

/**
 * Consuming of a log. A partition that stays ours over a rebalance is revoked and assigned like any other, with a generation of its own: the client cannot
 * wait for a revocation, and begins at the committed offset again.
 *
 * `consume` resolves when a broker was reached and has the topics; joining goes on, as it may have to wait for every other member. It rejects with `UnavailableError` when no broker was reached.
 */
export function createKafkaConsume(deps: KafkaConsumeDeps): Log['consume'] {
  const { names, clock, logger, admin, onFatal } = deps;
  const limits = consumeLimits(deps.options);
  /** Kept over rebalances and consumers, so that a generation is never used twice. */
  const generations = new Map<string, Generation>();

  return async ({ group, logTopics }, handler) => {
    const groupId = names.toKafka(group);
    const topics = logTopics.map(names.toKafka);
    const assigned = new Map<string, Assigned>();
    const guarded = guardHandler(handler, (error) => {
      onFatal(error);
      void keeper.close();
    });
    const joined = Promise.withResolvers<void>();
    let isClosed = false;

    const find = (partition: LogPartition) =>
      assigned.get(nameOf({ topic: names.toKafka(partition.logTopic), partition: partition.partition }));

    const createReader = (commits: CommitQueue): PartitionReader => ({
      async findStarts(partitions) {
        const wanted = await committedOffsets(admin, groupId, [...new Set(partitions.map(({ topic }) => topic))]);
        return findStarts(deps, partitions, wanted);
      },
      hasOffset: (partition, offset) => hasOffset(deps, partition, offset),
      assigned({ topic, partition }, start) {
        const name = nameOf({ topic, partition });
        const generation = (generations.get(`${groupId} ${name}`) ?? 0) + 1;
        generations.set(`${groupId} ${name}`, generation);
        const named = { logTopic: logTopics[topics.indexOf(topic)] ?? topic, partition };
        const target = { topic, partition, committed: start, revoked: false };
        assigned.set(name, { partition: named, generation, target, commits, handedTo: start, readTo: start });
        guarded.onAssigned(named, generation);
      },
      records(partition, messages, next) {
        const owned = assigned.get(nameOf(partition));
        if (owned === undefined) return;
        const { logTopic } = owned.partition;
        const records = messages.map((message) => toLogRecord(logTopic, partition.partition, message));
        owned.handedTo = (records.at(-1)?.offset ?? owned.handedTo - 1n) + 1n;
        owned.readTo = next;
        guarded.onBatch(owned.partition, owned.generation, records);
      },
      revoked(partition) {
        const owned = assigned.get(nameOf(partition));
        if (owned === undefined) return;
        assigned.delete(nameOf(partition));
        owned.target.revoked = true;
        guarded.onRevoked(owned.partition, owned.generation);
      },
    });

    const keeper = createMemberKeeper({
      groupId,
      topics,
      limits,
      clock,
      random: deps.random,
      logger,
      admin,
      onFatal,
      create(onSilence) {
        const commits = createCommitQueue({
          clock,
          timeoutMs: limits.commitTimeoutMs,
          send: (offsets) => member.commit(offsets),
        });
        const member = createGroupMember({
          kafka: deps.createClient(),
          groupId,
          topics,
          limits,
          clock,
          logger,
          reader: createReader(commits),
          onJoined: joined.resolve,
          onSilence,
        });
        return member;
      },
    });
    await keeper.start();

    return {
      joined: joined.promise,
      pause(partition) {
        if (!isClosed) keeper.member?.pause(toKafka(partition));
      },
      resume(partition) {
        if (!isClosed) keeper.member?.resume(toKafka(partition));
      },
      async commit(partition, generation, next) {
        const owned = find(partition);
        if (owned?.generation !== generation) return;
        // A transaction's marker behind the last record is nobody's to handle, and would be a lag for ever.
        await owned.commits.add(owned.target, next === owned.handedTo ? owned.readTo : next);
      },
      async close() {
        isClosed = true;
        await keeper.close();
      },
    } satisfies LogConsumer;

    function toKafka({ logTopic, partition }: LogPartition) {
      return { topic: names.toKafka(logTopic), partition };
    }
  };
}

/** A handler that throws is a bug: the process must stop, and the client's loop must not take it for a failure of the broker. Called once. */
function guardHandler(handler: ConsumeHandler, onBug: (error: Error) => void): ConsumeHandler {
  let isBroken = false;
  const guard = (call: () => void) => {
    if (isBroken) return;
    try {
      call();
    } catch (error) {
      isBroken = true;
      onBug(error instanceof Error ? error : new Error(String(error)));
    }
  };
  return {
    onAssigned: (partition, generation) => guard(() => handler.onAssigned(partition, generation)),
    onBatch: (partition, generation, records) => guard(() => handler.onBatch(partition, generation, records)),
    onRevoked: (partition, generation) => guard(() => handler.onRevoked(partition, generation)),
  };
}
