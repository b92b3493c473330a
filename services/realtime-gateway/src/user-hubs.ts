import type { Backplane, Hint } from '@belfry/core/backplane';
import type { Clock } from '@belfry/core/clock';
import type { RecipientKey } from '@belfry/core/store/routing';
import type { UserStreamStore } from '@belfry/core/store/user-stream';
import type { RetryStore } from './retry-store.ts';
import { createUserHub, type UserHub } from './user-hub.ts';

export type HubLease = {
  readonly hub: UserHub;
  /** The last lease to be released takes the hub down. Calling it again is harmless. */
  release(): void;
};

export type UserHubs = {
  /**
   * Subscribes first and looks at the head then, so that nothing can fall between the two; where a subscription takes effect later, `onGap` tells. Rejects
   * when the store is unavailable.
   */
  acquire(user: RecipientKey): Promise<HubLease>;
  /** Leases that this process holds for the user. */
  leases(user: RecipientKey): number;
  /** Leases that this process holds for anyone. */
  total(): number;
};

export type UserHubsOptions = {
  readonly store: Pick<UserStreamStore, 'readStream' | 'heads'>;
  readonly backplane: Backplane;
  readonly epoch: () => Promise<string>;
  readonly retryStore: RetryStore;
  readonly clock: Clock;
  /** Hints for this user may have been lost until now. */
  readonly onGap: (hub: UserHub) => void;
  readonly onError: (error: unknown) => void;
};

type Entry = {
  leases: number;
  hub: UserHub | undefined;
  readonly opening: Promise<UserHub>;
  readonly unsubscribe: () => void;
};

export function createUserHubs(options: UserHubsOptions): UserHubs {
  const entries = new Map<string, Entry>();
  let total = 0;

  const open = (user: RecipientKey): Entry => {
    let heardOf = 0;
    let hasGap = false;
    const onHint = (hint: Hint): void => {
      if (entry.hub === undefined) heardOf = Math.max(heardOf, hint.offset);
      else entry.hub.hint(hint);
    };
    const onGap = (): void => {
      if (entry.hub === undefined) hasGap = true;
      else options.onGap(entry.hub);
    };
    const unsubscribe = options.backplane.subscribe(user.tenant, user.user, onHint, onGap);
    const start = async (): Promise<UserHub> => {
      const [epoch, [head = 0]] = await Promise.all([options.epoch(), options.store.heads([user])]);
      const hub = createUserHub({ ...options, user, epoch, head });
      entry.hub = hub;
      hub.headSeen(heardOf);
      // Whether the head was read before or after it, nobody knows.
      if (hasGap) options.onGap(hub);
      return hub;
    };
    const entry: Entry = { leases: 0, hub: undefined, opening: start(), unsubscribe };
    return entry;
  };

  const leave = (key: string, entry: Entry): void => {
    entry.leases -= 1;
    total -= 1;
    if (entry.leases > 0) return;
    if (entries.get(key) === entry) entries.delete(key);
    entry.unsubscribe();
    entry.hub?.close();
  };

  return {
    async acquire(user) {
      const key = keyOf(user);
      const entry = entries.get(key) ?? open(user);
      entries.set(key, entry);
      entry.leases += 1;
      total += 1;
      let released = false;
      const release = (): void => {
        if (!released) leave(key, entry);
        released = true;
      };
      try {
        return { hub: await entry.opening, release };
      } catch (error) {
        // The next caller opens a hub of its own instead of meeting this failure again.
        if (entries.get(key) === entry) entries.delete(key);
        release();
        throw error;
      }
    },
    leases: (user) => entries.get(keyOf(user))?.leases ?? 0,
    total: () => total,
  };
}

/** Neither part holds a slash: the protocol's name schemas forbid it. */
function keyOf({ tenant, user }: RecipientKey): string {
  return `${tenant}/${user}`;
}
