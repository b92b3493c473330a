import { randomUUID } from 'node:crypto';
import { sleep } from '@belfry/core/clock';
import type { Log } from '@belfry/core/log';
import { isUnavailable, UnavailableError } from '@belfry/core/unavailable-error';
import { findStarts, hasOffset, offsetRanges } from './committed-starts.ts';
import { consumeLimits } from './consume-options.ts';
import { createGroupMember } from './group-member.ts';
import type { KafkaConsumeDeps } from './kafka-consumer.ts';
import { toLogRecord } from './log-record.ts';
import { createMemberKeeper } from './member-keeper.ts';
import { nameOf, type PartitionReader } from './readings.ts';
import { settleWithin } from './settle-within.ts';
import type { OffsetRange } from './start-offset.ts';

const LEADER_RETRY_MS = 100;

/**
 * Tailing of a log. Each tail is a group of one that never commits: it keeps its positions itself, beginning with the ends of the partitions before it joined,
 * and reads on from them after every rejoin. A partition added later is read from its start. Its group goes when it is closed; the broker removes that of
 * a process that died, as a group without members and commits.
 *
 * `tail` resolves when it reads; it rejects with `UnavailableError` when that takes longer than `startTimeoutMs`.
 */
export function createKafkaTail(deps: KafkaConsumeDeps): Log['tail'] {
  const { names, clock, logger, admin, onFatal } = deps;
  const limits = consumeLimits(deps.options);

  /** A topic that was made a moment ago, perhaps by another process, has no leaders yet. */
  const findEnds = async (topic: string, giveUpMs: number): Promise<ReadonlyMap<string, OffsetRange>> => {
    for (;;) {
      try {
        return await offsetRanges(admin, [topic]);
      } catch (error) {
        if (!isUnavailable(error) || clock.monotonicMs() >= giveUpMs) throw error;
        await sleep(clock, LEADER_RETRY_MS);
      }
    }
  };

  return async (logTopic, handler) => {
    const topic = names.toKafka(logTopic);
    const groupId = names.toKafka(`tail.${logTopic}.${randomUUID()}`);
    const positions = new Map<string, bigint>();
    const reading = Promise.withResolvers<void>();
    let isClosed = false;
    let isBroken = false;

    const reader: PartitionReader = {
      findStarts: (partitions) => findStarts(deps, partitions, positions),
      hasOffset: (partition, offset) => hasOffset(deps, partition, offset),
      assigned(partition, start) {
        positions.set(nameOf(partition), start);
        reading.resolve();
      },
      records(partition, messages, next) {
        if (isClosed || isBroken) return;
        positions.set(nameOf(partition), next);
        try {
          handler(messages.map((message) => toLogRecord(logTopic, partition.partition, message)));
        } catch (error) {
          isBroken = true;
          onFatal(error instanceof Error ? error : new Error(String(error)));
        }
      },
      revoked() {},
    };

    const keeper = createMemberKeeper({
      groupId,
      topics: [topic],
      limits,
      clock,
      random: deps.random,
      logger,
      admin,
      onFatal,
      create: (onSilence) =>
        createGroupMember({
          kafka: deps.createClient(),
          groupId,
          topics: [topic],
          limits,
          clock,
          logger,
          reader,
          onSilence,
        }),
    });

    const close = async () => {
      isClosed = true;
      await keeper.close();
      const removed = admin.run(`removing group ${groupId}`, (client) => client.deleteGroups([groupId]));
      await settleWithin(clock, limits.closeTimeoutMs, removed).catch(() => {
        logger.info({ groupId }, 'the group of a tail was left to the broker to remove');
      });
    };

    const giveUpMs = clock.monotonicMs() + limits.startTimeoutMs;
    for (const [name, { high }] of await findEnds(topic, giveUpMs)) positions.set(name, high);
    await keeper.start();
    if ((await settleWithin(clock, limits.startTimeoutMs, reading.promise)) === 'late') {
      await close();
      throw new UnavailableError(
        'log-unavailable',
        `cannot read ${logTopic}: its group was not joined within ${limits.startTimeoutMs} ms`,
      );
    }
    return { close };
  };
}
