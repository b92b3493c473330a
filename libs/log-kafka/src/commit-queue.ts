import type { Clock } from '@belfry/core/clock';
import { UnavailableError } from '@belfry/core/unavailable-error';
import type { Offsets } from 'kafkajs';
import { describeFailure, isProtocolError, rootFailure } from './failure.ts';

/** A partition for as long as it is ours, once. */
export type CommitTarget = {
  /** As the broker names it. */
  readonly topic: string;
  readonly partition: number;
  /** Where the group stands, as far as we know. */
  committed: bigint;
  /** It is not ours any more, or not without interruption. */
  revoked: boolean;
};

/** Commits of several partitions as few requests, one at a time. */
export type CommitQueue = {
  /**
   * Resolves when the broker has it or when it has no effect (revoked, a smaller offset, refused as stale); rejects with `UnavailableError` when the
   * broker does not answer in time.
   */
  add(target: CommitTarget, next: bigint): Promise<void>;
};

export type CommitQueueOptions = {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** One request, fenced by the group's generation of this moment. Must read that generation before it returns: later it may be another one. */
  readonly send: (offsets: Offsets) => Promise<void>;
};

/** The group has moved on without us: its coordinator refuses what we say, and our partitions come back with another generation. */
const STALE = new Set(['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'REBALANCE_IN_PROGRESS', 'FENCED_INSTANCE_ID']);

type Pending = { next: bigint; readonly waiting: PromiseWithResolvers<void>[] };

export function createCommitQueue({ clock, timeoutMs, send }: CommitQueueOptions): CommitQueue {
  const pending = new Map<CommitTarget, Pending>();
  let busy = false;

  // In a task of its own: a rejoin of the client is a chain of microtasks, between which its generation and our partitions do not match.
  const arm = () => {
    if (busy || pending.size === 0) return;
    busy = true;
    clock.schedule(0, () => void flush());
  };

  const flush = async () => {
    const round = [...pending].filter(([target, { next, waiting }]) => {
      if (!target.revoked && next > target.committed) return true;
      settle(waiting);
      return false;
    });
    pending.clear();
    if (round.length > 0) {
      try {
        await send(toOffsets(round));
        for (const [target, { next, waiting }] of round) {
          target.committed = next;
          settle(waiting);
        }
      } catch (error) {
        for (const [target, { waiting }] of round)
          settle(waiting, target.revoked || isStale(error) ? undefined : error);
      }
    }
    busy = false;
    arm();
  };

  return {
    async add(target, next) {
      if (target.revoked || next <= target.committed) return;
      const waiter = Promise.withResolvers<void>();
      const cancel = clock.schedule(timeoutMs, () => {
        if (target.revoked) waiter.resolve();
        else
          waiter.reject(
            new UnavailableError('log-unavailable', `the broker did not take the commit within ${timeoutMs} ms`),
          );
      });
      const waiting = pending.get(target);
      if (waiting === undefined) pending.set(target, { next, waiting: [waiter] });
      else {
        waiting.waiting.push(waiter);
        if (next > waiting.next) waiting.next = next;
      }
      arm();
      try {
        await waiter.promise;
      } finally {
        cancel();
      }
    },
  };
}

function toOffsets(round: readonly (readonly [CommitTarget, Pending])[]): Offsets {
  const byTopic = Map.groupBy(round, ([{ topic }]) => topic);
  return {
    topics: [...byTopic].map(([topic, entries]) => ({
      topic,
      partitions: entries.map(([{ partition }, { next }]) => ({ partition, offset: next.toString() })),
    })),
  };
}

function settle(waiting: readonly PromiseWithResolvers<void>[], error?: unknown): void {
  for (const { resolve, reject } of waiting) {
    if (error === undefined) resolve();
    else reject(new UnavailableError('log-unavailable', `cannot commit: ${describeFailure(error)}`, { cause: error }));
  }
}

function isStale(error: unknown): boolean {
  const root = rootFailure(error);
  return isProtocolError(root) && STALE.has(root.type);
}
