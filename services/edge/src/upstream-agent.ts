import { lookup } from 'node:dns';
import { Agent } from 'node:http';
import type { LookupFunction, Socket } from 'node:net';
import type { Clock } from '@belfry/core/clock';
import type { Random } from '@belfry/core/random';

/** Connections that stay open for the next request. */
const FREE_SOCKETS_MAX = 64;
/** An older connection is not used again, so that processes which came later get their share within this time. */
const CONNECTION_AGE_MAX_MS = 30_000;

/**
 * Resolves the name for each connection and begins with any of its addresses: the containers of a scaled service share one name. The others are tried when that one does
 * not answer.
 */
export function spreadLookup(random: Random): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, []);
      const start = Math.floor(random.next() * addresses.length);
      const spread = [...addresses.slice(start), ...addresses.slice(0, start)];
      const [first] = spread;
      if (options.all === true || first === undefined) callback(null, spread);
      else callback(null, first.address, first.family);
    });
  };
}

/** Keeps connections for requests that follow, and uses them in turn, so that load spreads over the processes behind a name. */
export function createUpstreamAgent(clock: Clock, random: Random): Agent {
  const openedMs = new WeakMap<object, number>();
  const agent = new Agent({
    keepAlive: true,
    scheduling: 'fifo',
    maxFreeSockets: FREE_SOCKETS_MAX,
    lookup: spreadLookup(random),
  });
  const keep: (socket: Socket) => unknown = agent.keepSocketAlive.bind(agent);
  const isYoung = (socket: Socket): boolean => {
    const sinceMs = openedMs.get(socket) ?? clock.monotonicMs();
    openedMs.set(socket, sinceMs);
    return clock.monotonicMs() - sinceMs < CONNECTION_AGE_MAX_MS;
  };
  // False closes the connection (Node's documentation of `keepSocketAlive`; its types know no answer).
  return Object.assign(agent, { keepSocketAlive: (socket: Socket): unknown => isYoung(socket) && keep(socket) });
}

/** One connection for each request: for those that become WebSockets. */
export function createUpgradeAgent(random: Random): Agent {
  return new Agent({ keepAlive: false, lookup: spreadLookup(random) });
}
