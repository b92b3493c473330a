import { type Clock, sleep } from '@belfry/core/clock';
import type { Random } from '@belfry/core/random';
import { UnavailableError } from '@belfry/core/unavailable-error';
import type { ConsumeLimits } from './consume-options.ts';
import { describeFailure, isProtocolError, rootFailure } from './failure.ts';
import type { GroupMember } from './group-member.ts';
import type { KafkaAdmin } from './kafka-admin.ts';
import type { KafkaLogger } from './kafka-logger.ts';
import { createRestartPolicy, pauseAfterMs } from './restart-policy.ts';
import { settleWithin } from './settle-within.ts';

export type MemberKeeperOptions = {
  readonly groupId: string;
  readonly topics: readonly string[];
  readonly limits: ConsumeLimits;
  readonly clock: Clock;
  readonly random: Random | undefined;
  readonly logger: KafkaLogger;
  readonly admin: KafkaAdmin;
  readonly onFatal: (error: Error) => void;
  readonly create: (onSilence: (silentMs: number) => void) => GroupMember;
};

/** Keeps one member in the group: makes it anew when it ends, waits while no broker answers, and calls it fatal when neither helps. */
export type MemberKeeper = {
  readonly member: GroupMember | undefined;
  /** Resolves when the first member has found a broker with the topics; rejects when it has not within `startTimeoutMs`. */
  start(): Promise<void>;
  close(): Promise<void>;
};

export function createMemberKeeper(options: MemberKeeperOptions): MemberKeeper {
  const { groupId, clock, limits, logger, random } = options;
  const policy = createRestartPolicy(limits.fatalAfterMs, random);
  const abort = new AbortController();
  let member: GroupMember | undefined;
  let probing = false;

  const create = (): GroupMember => {
    const made = options.create((silentMs) => void checkSilence(made, silentMs));
    member = made;
    return made;
  };

  const checkSilence = async (silent: GroupMember, silentMs: number) => {
    if (probing) return;
    probing = true;
    const answers = await brokerAnswers();
    probing = false;
    if (silent !== member || abort.signal.aborted) return;
    const facts = { groupId, silentMs: Math.round(silentMs) };
    if (answers)
      silent.end(new Error(`nothing was heard of the consumer for ${facts.silentMs} ms though the broker answers`));
    else logger.warn(facts, 'nothing is heard of the consumer, nor of the broker; waiting');
  };

  /** Whether the broker that coordinates the group can speak for it: that is what a member needs first. */
  const brokerAnswers = async (): Promise<boolean> => {
    try {
      const asked = options.admin.run(`asking for group ${groupId}`, (admin) =>
        admin.fetchOffsets({ groupId, topics: [] }),
      );
      return (await settleWithin(clock, limits.commitTimeoutMs, asked)) !== 'late';
    } catch (error) {
      const root = rootFailure(error);
      return isProtocolError(root) && !root.retriable;
    }
  };

  /** Resolves once the broker answers, with whether that took more than one question. */
  const waitForBroker = async (): Promise<boolean> => {
    for (let failures = 0; ; failures++) {
      if (abort.signal.aborted) return true;
      if (await brokerAnswers()) {
        if (failures > 0) logger.info({ groupId }, 'the broker answers again');
        return failures > 0;
      }
      if (failures === 0) logger.warn({ groupId }, 'the broker does not answer; waiting for it');
      await sleep(clock, pauseAfterMs(failures + 1, random), abort.signal);
    }
  };

  const keep = async (first: GroupMember) => {
    for (let kept = first; ; ) {
      const reason = await kept.ended;
      if (abort.signal.aborted) return;
      logger.warn({ groupId, reason: describeFailure(reason) }, 'a consumer has ended; it is made anew');
      await kept.close();
      let pauseMs = pauseAfterMs(1, random);
      if (await waitForBroker()) policy.excused();
      else {
        const verdict = policy.failed(clock.monotonicMs(), kept.workedMs);
        if (verdict === 'fatal') {
          const message = `group ${groupId} cannot be read though the broker answers: ${describeFailure(reason)}`;
          return options.onFatal(new Error(message, { cause: reason }));
        }
        pauseMs = verdict;
      }
      await sleep(clock, pauseMs, abort.signal);
      if (abort.signal.aborted) return;
      kept = create();
      kept.start().catch(kept.end);
    }
  };

  return {
    get member() {
      return member;
    },
    async start() {
      const first = create();
      try {
        const outcome = await settleWithin(clock, limits.startTimeoutMs, first.start());
        if (outcome === 'late') throw new Error(`no broker was reached within ${limits.startTimeoutMs} ms`);
      } catch (error) {
        abort.abort();
        await first.close();
        const message = `cannot read ${options.topics.join(', ')} as group ${groupId}: ${describeFailure(error)}`;
        throw isProtocolError(rootFailure(error))
          ? new Error(message, { cause: error })
          : new UnavailableError('log-unavailable', message, { cause: error });
      }
      void keep(first);
    },
    async close() {
      abort.abort();
      await member?.close();
    },
  };
}
