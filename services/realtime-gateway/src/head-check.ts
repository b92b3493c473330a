import type { Cancel, Clock } from '@belfry/core/clock';
import type { UserStreamStore } from '@belfry/core/store/user-stream';
import { isUnavailable } from '@belfry/core/unavailable-error';
import { CLOSE_CODES } from '@belfry/protocol/close-codes';
import type { ConnectionSet } from './connection-set.ts';
import type { StreamEpoch } from './stream-epoch.ts';
import type { UserHub } from './user-hub.ts';

/** Looks at every connection once per tick, and compares the heads of the streams whose connections had a heartbeat in it. */
export type HeadCheck = {
  start(): void;
  /** Hints for this stream may have been lost: its head is compared soon, together with those of others that are told of meanwhile. */
  suspect(hub: UserHub): void;
  stop(): void;
};

export type HeadCheckOptions = {
  readonly connections: ConnectionSet;
  readonly store: Pick<UserStreamStore, 'heads'>;
  readonly epoch: StreamEpoch;
  readonly clock: Clock;
  readonly tickMs: number;
  readonly onHealed: (streams: number) => void;
  readonly onError: (error: unknown) => void;
};

/** After a backplane's outage the streams of a whole process are told of within moments. */
const GATHER_MS = 20;
/** Streams in one store call. */
const HEADS_PER_CALL = 1_000;

/**
 * One store call for up to 1,000 streams. A stream that is ahead of what its hub knows lost a hint, and its hub reads what is missing. An outage of
 * the store is waited out: the next heartbeat asks again.
 */
export function createHeadCheck(options: HeadCheckOptions): HeadCheck {
  const { connections, store, epoch, clock } = options;
  let cancel: Cancel | undefined;
  let stopped = false;
  let suspects = new Set<UserHub>();
  let cancelSuspects: Cancel | undefined;

  const headsOf = async (hubs: readonly UserHub[]): Promise<number[]> => {
    const heads: number[] = [];
    for (let first = 0; first < hubs.length; first += HEADS_PER_CALL) {
      const chunk = hubs.slice(first, first + HEADS_PER_CALL);
      heads.push(...(await store.heads(chunk.map((hub) => hub.user))));
    }
    return heads;
  };

  const compare = async (hubs: readonly UserHub[]): Promise<void> => {
    try {
      const [changed, heads] = await Promise.all([epoch.changed(), headsOf(hubs)]);
      if (changed) {
        // Offsets of the lost history mean nothing now. Reconnecting clients learn it from `recovered`.
        for (const connection of connections.all()) connection.close(CLOSE_CODES.restart);
        return;
      }
      let healed = 0;
      for (const [index, hub] of hubs.entries()) if (hub.headSeen(heads[index] ?? 0)) healed++;
      if (healed > 0) options.onHealed(healed);
    } catch (error) {
      if (!isUnavailable(error)) options.onError(error);
    }
  };

  const tick = (): void => {
    const due = new Set<UserHub>();
    for (const connection of connections.all()) {
      const hub = connection.tick() ? connection.hub() : undefined;
      if (hub !== undefined) due.add(hub);
    }
    if (due.size > 0) void compare([...due]);
    cancel = clock.schedule(options.tickMs, tick);
  };

  const compareSuspects = (): void => {
    const hubs = [...suspects];
    suspects = new Set();
    cancelSuspects = undefined;
    void compare(hubs);
  };

  return {
    suspect(hub) {
      if (stopped) return;
      suspects.add(hub);
      cancelSuspects ??= clock.schedule(GATHER_MS, compareSuspects);
    },
    start() {
      cancel = clock.schedule(options.tickMs, tick);
    },
    stop() {
      stopped = true;
      cancel?.();
      cancelSuspects?.();
    },
  };
}
