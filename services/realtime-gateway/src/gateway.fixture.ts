import { createHmac } from 'node:crypto';
import { createLocalBackplane } from '@belfry/backplane-local';
import type { Notification } from '@belfry/core/notification';
import type { RecipientKey } from '@belfry/core/store/routing';
import type { RealtimeMark } from '@belfry/core/store/user-stream';
import { notificationFrame } from '@belfry/protocol/client-notification';
import {
  createHttpHost,
  createLogger,
  createMetrics,
  createSystemClock,
  createSystemRandom,
  createTokenVerifier,
} from '@belfry/runtime';
import type { GatewayLimits } from './gateway-limits.ts';
import { createRealtimeGateway, type RealtimeGatewayDeps } from './realtime-gateway.ts';
import { createStreamStore } from './stream-store.fixture.ts';
import { REALTIME_PATH } from './websocket-endpoint.ts';

const JWT_SECRET = 'a secret that only tests know, 32 bytes';
export const COOKIE_SECRET = 'signs cookies in tests';
export const PAGE = 'https://app.example';
/** For `vi.waitFor` on a busy machine. */
export const SOON = { timeout: 15_000, interval: 10 } as const;

export const alice: RecipientKey = { tenant: 'default', user: 'alice' };
export const bob: RecipientKey = { tenant: 'default', user: 'bob' };

let made = 0;

export function testNotification(title: string, more: Partial<Notification> = {}): Notification {
  made += 1;
  return {
    tenant: 'default',
    id: `n-${made}`,
    audience: { kind: 'users', users: [] },
    type: 'test',
    title,
    priority: 'normal',
    acceptedAtMs: Date.now(),
    expiresAtMs: Date.now() + 3_600_000,
    ...more,
  };
}

/** HS256 (RFC 7515), by hand: the gateway does not depend on a library that could make one. */
export function userToken(user: string, lifeSeconds = 3_600): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const body = `${part({ alg: 'HS256' })}.${part({ sub: user, exp: Math.floor(Date.now() / 1_000) + lifeSeconds })}`;
  return `${body}.${createHmac('sha256', JWT_SECRET).update(body).digest('base64url')}`;
}

export type TestGateway = Awaited<ReturnType<typeof startGateway>>;

/** A gateway on a real port, over the in-memory stream store and backplane unless given others, with all that a test does to it. Stopping it closes its backplane. */
export async function startGateway(
  limits: Partial<GatewayLimits> = {},
  over: Partial<Pick<RealtimeGatewayDeps, 'store' | 'realtime' | 'backplane'>> = {},
) {
  const clock = createSystemClock();
  const streams = createStreamStore();
  const backplane = over.backplane ?? createLocalBackplane();
  const metrics = createMetrics({ processMetrics: false });
  const marks = { sent: [] as RealtimeMark[], acknowledged: [] as RealtimeMark[], read: [] as RealtimeMark[] };
  const host = await createHttpHost({
    host: '127.0.0.1',
    port: 0,
    logger: createLogger({ level: 'silent' }),
    metrics,
    clock,
    allowedOrigins: [PAGE],
    title: 'Test',
    version: '0.0.0',
    bodyLimitBytes: 1_024,
    upgradePaths: [REALTIME_PATH],
  });
  const errors: unknown[] = [];
  const logger = createLogger({
    level: 'error',
    destination: { write: (line: string) => void errors.push(line) },
  });
  const [gateway] = createRealtimeGateway({
    http: host.app,
    store: streams.store,
    backplane,
    realtime: {
      sent: async (found) => void marks.sent.push(...found),
      acknowledge: async (found) => void marks.acknowledged.push(...found),
      read: async (found) => marks.read.push(...found),
    },
    receipts: { flushed: async () => {} },
    verifyToken: await createTokenVerifier({ keys: [{ kind: 'secret', secret: JWT_SECRET }] }, clock),
    clock,
    random: createSystemRandom(),
    allowedOrigins: [PAGE],
    cookieSecret: COOKIE_SECRET,
    logger,
    metrics,
    limits: { tickMs: 50, ...limits },
    ...over,
  });
  if (gateway === undefined) throw new Error('the gateway is a service');
  await gateway.start();
  await host.service.start();
  const url = host.url();
  let tickets = 0;

  return {
    url,
    webSocketUrl: `${url.replace('http', 'ws')}/v1/realtime`,
    eventsUrl: `${url}/v1/events`,
    streams,
    backplane,
    marks,
    metrics,
    errors,
    service: gateway,
    cursor: (offset: number) => `${streams.epoch()}:${offset}`,
    ticket(user: RecipientKey): string {
      tickets += 1;
      const ticket = `ticket-${tickets}`;
      streams.addTicket(ticket, user);
      return ticket;
    },
    /** Stores a notification and publishes its hint, as the router does. */
    publish(user: RecipientKey, notification: Notification, hint: 'frame' | 'bare' | 'lost' = 'frame'): number {
      const offset = streams.append(user, notification);
      const frame = notificationFrame({ epoch: streams.epoch(), offset }, notification);
      if (hint === 'frame') backplane.publish([{ ...user, offset, frame }]);
      if (hint === 'bare') backplane.publish([{ ...user, offset }]);
      return offset;
    },
    /** Breaks every HTTP connection, streams included, as a proxy that restarts does. */
    cut: () => host.app.server.closeAllConnections(),
    async stop(): Promise<void> {
      await gateway.stop();
      await host.service.stop();
      await backplane.close();
    },
  };
}
