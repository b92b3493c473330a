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
  const handlers = new Map<string, Set<Handler>>();
  let waiting: Hint[] = [];
  let closed = false;

  const deliver = (): void => {
    const hints = waiting;
    waiting = [];
    for (const hint of hints) {
      const subscribed = handlers.get(keyOf(hint.tenant, hint.user));
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
      const key = keyOf(tenant, user);
      // A function of its own per subscription, so that subscribing the same handler twice gives two subscriptions with two ends.
      const subscription: Handler = (hint) => handler(hint);
      const subscribed = handlers.get(key) ?? new Set();
      subscribed.add(subscription);
      handlers.set(key, subscribed);
      return () => {
        subscribed.delete(subscription);
        if (subscribed.size === 0 && handlers.get(key) === subscribed) handlers.delete(key);
      };
    },
    async close() {
      closed = true;
      waiting = [];
      handlers.clear();
    },
  };
}

/** Neither part holds a slash: the protocol's name schemas forbid it. */
function keyOf(tenant: TenantId, user: UserId): string {
  return `${tenant}/${user}`;
}
