import type { HintSubscriptions } from '@belfry/core/hint-subscriptions';
import { parseHint } from '@belfry/protocol/hint-wire';
import { createRedisConnection } from './redis-connection.ts';
import type { RedisBackplaneOptions } from './redis-options.ts';

/** Keeps Redis informed of the addresses that this process listens to, over every loss of the connection. */
export type RedisSubscriber = {
  /** An address was added or is gone. Redis is told at the end of this event-loop turn, together with all others of the turn. */
  changed(address: string): void;
  close(): void;
};

/** Names in one SUBSCRIBE: large enough to save round trips, small enough that messages come through between two of them. */
const CHANNELS_PER_COMMAND = 500;

export function createRedisSubscriber(
  options: RedisBackplaneOptions,
  channelPrefix: string,
  subscriptions: HintSubscriptions,
): RedisSubscriber {
  /** What Redis was told on this connection. Told, not confirmed: commands of one connection are carried out in order. */
  const told = new Set<string>();
  let dirty = new Set<string>();
  let isScheduled = false;
  let isRefused = false;

  const connection = createRedisConnection('subscriber', options, {
    onReady() {
      for (const address of subscriptions.addresses()) changed(address);
    },
    onLost: () => told.clear(),
    // What was refused before (permissions that are mended while we run) is asked for again.
    onCheck() {
      for (const address of subscriptions.addresses()) if (!told.has(address)) changed(address);
    },
  });
  const { client } = connection;

  client.on('message', (channel: string, message: string) => {
    const address = channel.slice(channelPrefix.length);
    if (!subscriptions.has(address)) return;
    const hint = parseHint(message);
    if (hint === undefined) options.onIgnored?.(1);
    else subscriptions.deliver(address, hint);
  });

  const subscribe = async (addresses: readonly string[]): Promise<void> => {
    for (const address of addresses) told.add(address);
    try {
      await client.subscribe(...addresses.map((address) => channelPrefix + address));
      isRefused = false;
      // Before this moment nothing came.
      for (const address of addresses) subscriptions.gap(address);
    } catch (error) {
      // Where the connection was lost, all is told again once it is back.
      if (!connection.isReady()) return;
      for (const address of addresses) told.delete(address);
      const reason = error instanceof Error ? error.message : String(error);
      if (!isRefused) options.logger.warn({ reason }, 'backplane: Redis refused a subscription; heartbeats deliver');
      isRefused = true;
    }
  };

  const unsubscribe = (addresses: readonly string[]): void => {
    for (const address of addresses) told.delete(address);
    // Should it fail, messages come that nobody listens to.
    client.unsubscribe(...addresses.map((address) => channelPrefix + address)).catch(() => undefined);
  };

  const tell = (): void => {
    isScheduled = false;
    const addresses = [...dirty];
    dirty = new Set();
    if (!connection.isReady()) return;
    const isWanted = (address: string): boolean => subscriptions.has(address);
    const added = addresses.filter((address) => isWanted(address) && !told.has(address));
    const removed = addresses.filter((address) => !isWanted(address) && told.has(address));
    for (const chunk of chunks(removed)) unsubscribe(chunk);
    for (const chunk of chunks(added)) void subscribe(chunk);
  };

  const changed = (address: string): void => {
    connection.open();
    dirty.add(address);
    if (isScheduled) return;
    isScheduled = true;
    setImmediate(tell);
  };

  return { changed, close: connection.close };
}

function chunks(addresses: readonly string[]): string[][] {
  const count = Math.ceil(addresses.length / CHANNELS_PER_COMMAND);
  return Array.from({ length: count }, (_, index) =>
    addresses.slice(index * CHANNELS_PER_COMMAND, (index + 1) * CHANNELS_PER_COMMAND),
  );
}
