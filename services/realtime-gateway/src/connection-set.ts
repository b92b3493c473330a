import { CLOSE_CODES } from '@belfry/protocol/close-codes';
import { type Connection, type ConnectionOptions, createConnection } from './connection.ts';
import { createFrameCounts } from './frame-counts.ts';
import type { GatewayMetrics } from './gateway-metrics.ts';
import type { Transport, TransportEvents } from './transport.ts';
import type { TurnFlush } from './turn-flush.ts';

/** The connections of this process. */
export type ConnectionSet = {
  open(createTransport: (events: TransportEvents) => Transport): Connection;
  size(): number;
  all(): readonly Connection[];
  /** Resolves when there is none. */
  empty(): Promise<void>;
};

export type ConnectionSetOptions = Omit<ConnectionOptions, 'transport' | 'onClosed'> & {
  readonly metrics: GatewayMetrics | undefined;
  readonly turn: TurnFlush;
};

export function createConnectionSet(options: ConnectionSetOptions): ConnectionSet {
  const { acks, metrics } = options;
  const countFrames = createFrameCounts(metrics, options.turn);
  const connections = new Set<Connection>();
  let waiters: (() => void)[] = [];

  return {
    open(createTransport) {
      const transport = createTransport({
        overflowed: () => connection.close(CLOSE_CODES.slowConsumer),
        written(what) {
          countFrames(transport.kind, what);
          const { notificationIds } = what;
          const user = connection.hub()?.user;
          if (user !== undefined && notificationIds.length > 0) acks.sent(user, notificationIds);
        },
      });
      const connection: Connection = createConnection({
        ...options,
        transport,
        onClosed(why) {
          connections.delete(connection);
          metrics?.connections.dec({ transport: transport.kind });
          metrics?.connectionsClosed.inc({ transport: transport.kind, code: String(why?.code ?? 'client') });
          if (connections.size > 0) return;
          const due = waiters;
          waiters = [];
          for (const waiter of due) waiter();
        },
      });
      connections.add(connection);
      metrics?.connections.inc({ transport: transport.kind });
      return connection;
    },
    size: () => connections.size,
    all: () => [...connections],
    empty: () =>
      connections.size === 0
        ? Promise.resolve()
        : new Promise((resolve) => {
            waiters.push(resolve);
          }),
  };
}
