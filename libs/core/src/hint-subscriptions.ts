import type { Hint } from './backplane.ts';
import type { TenantId, UserId } from './notification.ts';

/** The receiving half of a backplane with a network behind it: who in this process listens for whom, by the user's address on the wire. */
export type HintSubscriptions = {
  /** The returned function ends the subscription; calling it again is harmless. */
  add(subscription: HintSubscription): () => void;
  has(address: string): boolean;
  addresses(): readonly string[];
  /** Calls the handlers of the user at this address. */
  deliver(address: string, hint: Pick<Hint, 'offset' | 'frame'>): void;
  /** Tells the subscribers of the user at this address that hints may have been lost until now. */
  gap(address: string): void;
  clear(): void;
};

export type HintSubscription = {
  readonly address: string;
  readonly tenant: TenantId;
  readonly user: UserId;
  readonly handler: (hint: Hint) => void;
  readonly onGap: (() => void) | undefined;
};

export type HintSubscriptionsOptions = {
  /** An address got its first subscription, or lost its last. */
  readonly onChanged?: (address: string) => void;
  /** An exception of a handler. It is kept from the other handlers: a hint is only a wake-up. */
  readonly onHandlerError: (error: unknown) => void;
};

export function createHintSubscriptions(options: HintSubscriptionsOptions): HintSubscriptions {
  const byAddress = new Map<string, Set<HintSubscription>>();

  const callEach = (address: string, call: (subscription: HintSubscription) => void): void => {
    for (const subscription of byAddress.get(address) ?? []) {
      try {
        call(subscription);
      } catch (error) {
        options.onHandlerError(error);
      }
    }
  };

  return {
    add(subscription) {
      // An object of its own: the same handler may subscribe twice, and has two ends then.
      const own = { ...subscription };
      const { address } = own;
      const subscribed = byAddress.get(address) ?? new Set();
      byAddress.set(address, subscribed.add(own));
      if (subscribed.size === 1) options.onChanged?.(address);
      return () => {
        if (!subscribed.delete(own) || subscribed.size > 0 || byAddress.get(address) !== subscribed) return;
        byAddress.delete(address);
        options.onChanged?.(address);
      };
    },
    has: (address) => byAddress.has(address),
    addresses: () => [...byAddress.keys()],
    deliver(address, { offset, frame }) {
      callEach(address, ({ tenant, user, handler }) =>
        handler(frame === undefined ? { tenant, user, offset } : { tenant, user, offset, frame }),
      );
    },
    gap: (address) => callEach(address, ({ onGap }) => onGap?.()),
    clear: () => byAddress.clear(),
  };
}
