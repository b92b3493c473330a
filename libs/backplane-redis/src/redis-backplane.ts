import type { Backplane, Hint } from '@belfry/core/backplane';
import { createHintOutbox, outageLines, settledSoon } from '@belfry/core/hint-outbox';
import { createHintSubscriptions } from '@belfry/core/hint-subscriptions';
import { formatHint, hintAddress } from '@belfry/protocol/hint-wire';
import { createRedisConnection } from './redis-connection.ts';
import type { RedisBackplaneOptions } from './redis-options.ts';
import { createRedisSubscriber } from './redis-subscriber.ts';

const CHANNEL_PREFIX = 'belfry:hint:';

/**
 * Hints over Redis pub/sub, a channel per user: Redis finds the subscribers of a channel by a hash, so a gateway receives what its own users get and
 * nothing else, and a publisher reaches no gateway where the user has no connection. Channels that several users share would save Redis memory (about
 * 250 bytes a user) and cost every gateway the traffic of users it does not hold.
 *
 * Resolves when the first attempt to connect is over, however it went: hints are dispensable, so Redis may come later and go at any time. Throws
 * for a URL that cannot be one. A process that only publishes has one connection, one that subscribes has two: a subscriber that Redis disconnects because
 * it reads too slowly does not take the publisher with it.
 */
export async function createRedisBackplane(options: RedisBackplaneOptions): Promise<Backplane> {
  const { logger, clock, channelPrefix = CHANNEL_PREFIX } = options;
  const publisher = createRedisConnection('publisher', options);
  let closed = false;

  const send = async (hints: readonly Hint[]): Promise<void> => {
    while (!publisher.isReady() && !closed) await publisher.ready();
    const pipeline = publisher.client.pipeline();
    for (const hint of hints) pipeline.publish(channelPrefix + hintAddress(hint.tenant, hint.user), formatHint(hint));
    const results = await pipeline.exec();
    const failed = results?.find(([error]) => error !== null)?.[0];
    if (failed) throw publisher.isReady() ? failed : new Error('the connection was lost');
  };
  const outbox = createHintOutbox({
    send,
    ...(options.maxWaitingHints === undefined ? {} : { maxHints: options.maxWaitingHints }),
    ...(options.onLost === undefined ? {} : { onLost: options.onLost }),
    ...outageLines(logger),
  });
  const subscriptions = createHintSubscriptions({
    onChanged: (address) => subscriber.changed(address),
    onHandlerError: (error) => logger.warn({ err: error }, 'backplane: a handler of hints failed'),
  });
  const subscriber = createRedisSubscriber(options, channelPrefix, subscriptions);

  publisher.open();
  await publisher.attempted();
  return {
    publish(hints) {
      if (!closed) outbox.add(hints);
    },
    subscribe(tenant, user, handler, onGap) {
      if (closed) return () => undefined;
      return subscriptions.add({ address: hintAddress(tenant, user), tenant, user, handler, onGap });
    },
    async close() {
      if (closed) return;
      closed = true;
      subscriptions.clear();
      subscriber.close();
      if (publisher.isReady()) await settledSoon(outbox, clock);
      outbox.close();
      publisher.close();
    },
  };
}
