import type { Backplane, Hint } from '@belfry/core/backplane';
import type { TenantId, UserId } from '@belfry/core/notification';

export type LocalBackplaneOptions = {
  /** Told about an exception of a handler; without it the exception is dropped. A hint is only a wake-up, so the publisher must not fail over it. */
  readonly onHandlerError?: (error: unknown) => void;
};

type Handler = (hint: Hint) => void;

/**
 * Hints inside one process. Handlers run after `publish` has returned, within the same turn of the event loop, in the order of publishing; so a
 * publisher never runs a gateway's code inside its own call, and one turn's hints still leave in one write per connection.
 */
export function createLocalBackplane(options: LocalBackplaneOptions = {}): Backplane {
  // By tenant, then by user: one map with joined keys would build and hash a string for every hint.
  const tenants = new Map<TenantId, Map<UserId, Set<Handler>>>();
  let waiting: Hint[] = [];
  let closed = false;

  const deliver = (): void => {
    const hints = waiting;
    waiting = [];
    for (const hint of hints) {
      const subscribed = tenants.get(hint.tenant)?.get(hint.user);
      if (subscribed === undefined) continue;
      for (const handler of subscribed) {
        try {
          handler(hint);
        } catch (error) {
          options.onHandlerError?.(error);
        }
      }
    }
  };

  return {
    publish(hints) {
      if (closed || hints.length === 0) return;
      if (waiting.length === 0) queueMicrotask(deliver);
      for (const hint of hints) waiting.push(hint);
    },
    subscribe(tenant, user, handler) {
      // A function of its own per subscription, so that subscribing the same handler twice gives two subscriptions with two ends.
      const subscription: Handler = (hint) => handler(hint);
      const users = tenants.get(tenant) ?? new Map<UserId, Set<Handler>>();
      tenants.set(tenant, users);
      const subscribed = users.get(user) ?? new Set();
      users.set(user, subscribed.add(subscription));
      return () => {
        subscribed.delete(subscription);
        if (subscribed.size === 0 && users.get(user) === subscribed) users.delete(user);
      };
    },
    async close() {
      closed = true;
      waiting = [];
      tenants.clear();
    },
  };
}
