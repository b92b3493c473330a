import { type Clock, sleep } from '@belfry/core/clock';
import type { ConsumerGroupJoinEvent, ConsumerStartBatchProcessEvent, EachBatchPayload, Kafka, Offsets } from 'kafkajs';
import type { ConsumeLimits } from './consume-options.ts';
import { isProtocolError, rootFailure } from './failure.ts';
import { CLIENT_RETRY } from './kafka-client.ts';
import type { KafkaLogger } from './kafka-logger.ts';
import { createReadings, type PartitionReader, type TopicPartition } from './readings.ts';
import { pauseAfterMs } from './restart-policy.ts';
import { settleWithin } from './settle-within.ts';
import { createWatchdog } from './watchdog.ts';

export type GroupMemberOptions = {
  /** A client of its own: the client's consumers of one instance share what they know of committed offsets, and disturb each other. */
  readonly kafka: Kafka;
  /** Names as on the broker. */
  readonly groupId: string;
  readonly topics: readonly string[];
  readonly limits: ConsumeLimits;
  readonly clock: Clock;
  readonly logger: KafkaLogger;
  readonly reader: PartitionReader;
  /** The group has given it its partitions, which may be none. */
  readonly onJoined?: () => void;
  /** Nothing was heard of the client's loop for this long. */
  readonly onSilence: (silentMs: number) => void;
};

/**
 * One life of the client's consumer: it joins the group, reads, and ends at the first failure that the client does not mend by itself. The client's
 * own restart is off, as it covers some failures only and never makes the connections anew.
 */
export type GroupMember = {
  /** Resolves when a broker was reached and has the topics; joining goes on. Rejects when not. */
  start(): Promise<void>;
  /** Resolves with the reason. Everything is revoked by then. */
  readonly ended: Promise<Error>;
  /** How long the group has counted on it: from its first assignment to its last heartbeat. */
  readonly workedMs: number;
  pause(partition: TopicPartition): void;
  resume(partition: TopicPartition): void;
  /** One request with the group's generation of this moment; once anything was read it is not repeated, as it could then carry a later one. */
  commit(offsets: Offsets): Promise<void>;
  /** Gives up: revokes everything at once. */
  end(reason: Error): void;
  /** Ends, and leaves the group. Resolves after `closeTimeoutMs` at the latest, with the client still at it. */
  close(): Promise<void>;
};

/**
 * About four seconds of retries. To the client each round of a rebalance is one, so they must not be too few; but it also keeps asking a coordinator that is
 * gone until they are spent, and only a new consumer looks for the next one.
 */
const RETRIES = 6;

/** Within three seconds: a broker hears of a topic that was just created a moment after the one that was asked to create it. */
const TOPIC_LOOKS = 5;

export function createGroupMember(options: GroupMemberOptions): GroupMember {
  const { clock, limits, logger, reader, groupId } = options;
  const ended = Promise.withResolvers<Error>();
  /** Nothing of joining is under way: it has joined once, or crashed. */
  const settled = Promise.withResolvers<void>();
  let isOver = false;
  let isRunning = false;
  let joinedMs: number | undefined;
  let workedMs = 0;
  let commitNow: EachBatchPayload['commitOffsetsIfNecessary'] | undefined;
  let closing: Promise<void> | undefined;

  const consumer = options.kafka.consumer({
    groupId,
    sessionTimeout: limits.sessionTimeoutMs,
    heartbeatInterval: limits.heartbeatIntervalMs,
    rebalanceTimeout: limits.rebalanceTimeoutMs,
    maxWaitTimeInMs: limits.maxWaitMs,
    metadataMaxAge: limits.metadataMaxAgeMs,
    allowAutoTopicCreation: false,
    retry: { ...CLIENT_RETRY, retries: RETRIES, restartOnFailure: async () => false },
  });

  /** The client throws between its crash and the word of it; what we wanted to steer is revoked then. */
  const steer = (call: () => void) => {
    try {
      call();
    } catch (error) {
      logger.info({ groupId, error: String(error) }, 'a consumer that has stopped cannot be steered');
    }
  };

  const readings = createReadings({
    clock,
    logger,
    reader,
    control: {
      seek: ({ topic, partition }, offset) =>
        steer(() => consumer.seek({ topic, partition, offset: offset.toString() })),
      pause: ({ topic, partition }) => steer(() => consumer.pause([{ topic, partitions: [partition] }])),
      resume: ({ topic, partition }) => steer(() => consumer.resume([{ topic, partitions: [partition] }])),
    },
  });

  const watchdog = createWatchdog({ clock, limitMs: limits.stallTimeoutMs, onSilence: options.onSilence });
  watchdog.allow(limits.rebalanceTimeoutMs);

  const end = (reason: Error) => {
    if (isOver) return;
    isOver = true;
    watchdog.stop();
    readings.clear();
    ended.resolve(reason);
  };

  const { GROUP_JOIN, REBALANCING, HEARTBEAT, FETCH_START, FETCH, START_BATCH_PROCESS, CRASH } = consumer.events;
  consumer.on(GROUP_JOIN, ({ payload: { memberAssignment } }: ConsumerGroupJoinEvent) => {
    watchdog.alive();
    settled.resolve();
    joinedMs ??= clock.monotonicMs();
    if (isOver) return;
    readings.joined(
      Object.entries(memberAssignment).flatMap(([topic, partitions]) =>
        partitions.map((partition) => ({ topic, partition })),
      ),
    );
    options.onJoined?.();
  });
  consumer.on(REBALANCING, () => watchdog.allow(limits.rebalanceTimeoutMs));
  for (const sign of [FETCH_START, FETCH]) consumer.on(sign, () => watchdog.alive());
  consumer.on(HEARTBEAT, () => {
    watchdog.alive();
    workedMs = clock.monotonicMs() - (joinedMs ?? clock.monotonicMs());
  });
  consumer.on(START_BATCH_PROCESS, ({ payload }: ConsumerStartBatchProcessEvent) => {
    watchdog.alive();
    if (payload.batchSize === 0) readings.passedOver(payload, payload.firstOffset, payload.lastOffset);
  });
  const crash = (error: Error) => {
    settled.resolve();
    end(error);
  };
  consumer.on(CRASH, ({ payload: { error } }) => crash(error));
  consumer.on(consumer.events.RECEIVED_UNSUBSCRIBED_TOPICS, ({ payload: { topicsNotSubscribed } }) => {
    logger.error(
      { groupId, topicsNotSubscribed },
      'members of the group read different topics: some partitions are read by nobody',
    );
  });

  const subscribe = async () => {
    for (let failures = 1; !isOver; failures++) {
      try {
        return await consumer.subscribe({ topics: [...options.topics], fromBeginning: true });
      } catch (error) {
        const root = rootFailure(error);
        const isUnknown = isProtocolError(root) && root.type === 'UNKNOWN_TOPIC_OR_PARTITION';
        if (!isUnknown || failures === TOPIC_LOOKS) throw error;
        await sleep(clock, pauseAfterMs(failures, undefined));
      }
    }
  };

  const disconnect = async () => {
    const deadlineMs = clock.monotonicMs() + limits.closeTimeoutMs;
    // The client takes no leave when it has not joined yet, and the group would wait for a member that is gone.
    if (isRunning) await settleWithin(clock, limits.closeTimeoutMs / 2, settled.promise);
    await settleWithin(clock, deadlineMs - clock.monotonicMs(), consumer.disconnect());
  };

  return {
    ended: ended.promise,
    get workedMs() {
      return workedMs;
    },
    async start() {
      await consumer.connect();
      await subscribe();
      if (isOver) return;
      isRunning = true;
      consumer
        .run({
          autoCommit: false,
          eachBatchAutoResolve: false,
          eachBatch: async (payload) => {
            if (isOver) return;
            commitNow = payload.commitOffsetsIfNecessary;
            readings.batch(payload);
          },
        })
        .catch(crash);
    },
    pause: readings.pause,
    resume: readings.resume,
    async commit(offsets) {
      if (commitNow !== undefined) return commitNow(offsets);
      await consumer.commitOffsets(
        offsets.topics.flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, ...partition }))),
      );
    },
    end,
    close() {
      end(new Error('closed'));
      closing ??= disconnect().catch((error: unknown) => {
        logger.warn({ groupId, error: String(error) }, 'a consumer did not leave its group');
      });
      return closing;
    },
  };
}
