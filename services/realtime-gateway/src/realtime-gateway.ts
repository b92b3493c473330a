import type { Backplane } from '@belfry/core/backplane';
import type { Clock } from '@belfry/core/clock';
import type { Random } from '@belfry/core/random';
import type { Service } from '@belfry/core/service';
import type { CredentialStore } from '@belfry/core/store/credentials';
import type { UserStreamStore } from '@belfry/core/store/user-stream';
import { isUnavailable } from '@belfry/core/unavailable-error';
import type { RealtimeState, ReceiptFeed } from '@belfry/dispatch';
import { CLOSE_CODES } from '@belfry/protocol/close-codes';
import { createAckTokens, type HttpApp, type Logger, type TokenVerifier } from '@belfry/runtime';
import { createAcks } from './acks.ts';
import { createAdmit } from './admission.ts';
import { createAuthenticator } from './authenticate.ts';
import { createConnectionSet } from './connection-set.ts';
import { drainConnections } from './drain.ts';
import type { EndpointDeps } from './endpoint-deps.ts';
import { DEFAULT_GATEWAY_LIMITS, type GatewayLimits } from './gateway-limits.ts';
import type { GatewayMetrics } from './gateway-metrics.ts';
import { createHeadCheck } from './head-check.ts';
import { createRetryStore } from './retry-store.ts';
import { addSseEndpoint, EVENTS_PATH } from './sse-endpoint.ts';
import { createSseTicketCookie } from './sse-ticket-cookie.ts';
import { createStreamEpoch } from './stream-epoch.ts';
import { createTurnFlush } from './turn-flush.ts';
import { createUserHubs } from './user-hubs.ts';
import { addWebSocketEndpoint } from './websocket-endpoint.ts';

export type RealtimeGatewayDeps = {
  /** Made with `REALTIME_PATH` among its `upgradePaths`. */
  readonly http: HttpApp;
  readonly store: Pick<UserStreamStore, 'epoch' | 'heads' | 'readStream'> & Pick<CredentialStore, 'consumeTicket'>;
  readonly backplane: Backplane;
  readonly realtime: Pick<RealtimeState, 'sent' | 'acknowledge' | 'read'>;
  /** Where `realtime` puts its lines. */
  readonly receipts: Pick<ReceiptFeed, 'flushed'>;
  readonly verifyToken: TokenVerifier;
  readonly clock: Clock;
  readonly random: Random;
  /** Pages that may connect, such as `https://app.example`, compared exactly; `*` stands for all. */
  readonly allowedOrigins: readonly string[];
  /**
   * Signs the cookies of SSE tickets, and the ack tokens of event streams. The same on every gateway behind one address, and on the API; without it a random one: an `EventSource` that
   * reconnects to another process is told to stop (204), which makes its page ask for a new ticket, and no API takes its ack token.
   */
  readonly cookieSecret?: string;
  readonly logger?: Logger;
  readonly metrics?: GatewayMetrics;
  readonly limits?: Partial<GatewayLimits>;
};

/** The live edge: WebSocket and SSE over one user stream (docs/realtime.md). Adds its routes to `deps.http` at once. */
export function createRealtimeGateway(deps: RealtimeGatewayDeps): Service[] {
  const { store, clock, random, logger, metrics } = deps;
  const limits: GatewayLimits = { ...DEFAULT_GATEWAY_LIMITS, ...deps.limits };
  const onError = (error: unknown): void => logger?.error({ err: error }, 'realtime gateway: an unexpected error');
  let notReady: string | undefined = 'not started';
  let draining = false;

  const epoch = createStreamEpoch(store);
  const retryStore = createRetryStore(clock, random);
  const hubs = createUserHubs({
    store,
    backplane: deps.backplane,
    epoch: epoch.get,
    retryStore,
    clock,
    onGap: (hub) => headCheck.suspect(hub),
    onError,
  });
  const acks = createAcks({ realtime: deps.realtime, clock, onError });
  const authenticator = createAuthenticator({
    verifyToken: deps.verifyToken,
    store,
    clock,
    ticketSessionMs: limits.ticketSessionMs,
  });
  const admit = createAdmit({ hubs, epoch, store, limits });
  const cookieSecret = deps.cookieSecret ?? Buffer.from(random.bytes(32)).toString('base64url');
  const turn = createTurnFlush();
  const connections = createConnectionSet({
    clock,
    random,
    limits,
    acks,
    ackTokens: createAckTokens(cookieSecret),
    authenticate: authenticator.credential,
    admit,
    onError,
    metrics,
    turn,
  });
  const headCheck = createHeadCheck({
    connections,
    store,
    epoch,
    clock,
    tickMs: limits.tickMs,
    onHealed: (streams) => metrics?.healedHints.inc(streams),
    onError,
  });

  const endpoint: EndpointDeps = {
    limits,
    allowedOrigins: deps.allowedOrigins,
    authenticator,
    admit,
    connections,
    clock,
    turn,
    isDraining: () => draining,
    onError,
  };
  addWebSocketEndpoint(deps.http.server, endpoint);
  addSseEndpoint(deps.http, endpoint, createSseTicketCookie(cookieSecret, EVENTS_PATH));

  return [
    {
      name: 'realtime-gateway',
      async start() {
        try {
          await epoch.get();
        } catch (error) {
          // A store that comes up after this process is no reason to end it: handshakes are answered with 503 until then.
          if (!isUnavailable(error)) throw error;
        }
        headCheck.start();
        notReady = undefined;
      },
      async drain(deadline) {
        draining = true;
        notReady = 'draining';
        const { drainWindowMs: windowMs, reconnectSpreadMs } = limits;
        await drainConnections({ connections, clock, random, windowMs, reconnectSpreadMs }, deadline);
        await acks.settled();
        await deps.receipts.flushed();
      },
      async stop() {
        draining = true;
        notReady = 'stopped';
        headCheck.stop();
        for (const connection of connections.all()) connection.close(CLOSE_CODES.restart);
        acks.stop();
        await acks.settled();
      },
      unready: () => notReady,
    },
  ];
}
