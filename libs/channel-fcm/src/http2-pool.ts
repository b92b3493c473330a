import { type Http2Session, openHttp2Session } from './http2-session.ts';
import type { Transport, TransportRequest, TransportResult, TransportSettings } from './transport.ts';

export type Http2Result = TransportResult | { readonly kind: 'http1-only' };

export type Http2Pool = Omit<Transport, 'send'> & {
  send(request: TransportRequest, signal: AbortSignal): Promise<Http2Result>;
};

type Waiter = {
  readonly request: TransportRequest;
  readonly signal: AbortSignal;
  /** Undefined once the waiter has been served or has given up. */
  settle: ((result: Http2Result | Promise<Http2Result>) => void) | undefined;
};

/** While connections that work are open, a failed further one is not tried again for this long. */
const RECONNECT_PAUSE_MS = 1_000;

/**
 * Persistent HTTP/2 connections to one origin. Requests fill the oldest connection with room first, so that load above the need of
 * the moment lets the younger ones idle out; another is opened only while requests wait and none has room.
 */
export function createHttp2Pool(settings: TransportSettings): Http2Pool {
  const { clock } = settings;
  const sessions = new Set<Http2Session>();
  const retiring = new Set<Http2Session>();
  let waiters: Waiter[] = [];
  let opening = 0;
  let pausedUntilMs = Number.NEGATIVE_INFINITY;
  let closing = false;
  let quiet: (() => void) | undefined;

  const pump = () => {
    while (waiters.length > 0) {
      const session = sessionWithRoom();
      if (!session) break;
      const waiter = waiters.shift();
      waiter?.settle?.(session.send(waiter.request, waiter.signal));
    }
    const needed = Math.ceil(waiters.length / settings.maxStreams) - opening;
    const allowed = settings.maxSessions - sessions.size - opening;
    if (clock.monotonicMs() >= pausedUntilMs) {
      for (let count = Math.min(needed, allowed); count > 0; count--) void open();
    }
    if (closing && waiters.length === 0 && opening === 0) quiet?.();
  };

  const sessionWithRoom = () => {
    for (const session of sessions) if (session.room() > 0) return session;
    return undefined;
  };

  const open = async () => {
    opening += 1;
    let own: Http2Session | undefined;
    const onRetired = () => {
      if (own) retire(own);
    };
    const result = await openHttp2Session(settings, { onRoom: pump, onRetired });
    opening -= 1;
    if (result.kind === 'open') {
      own = result.session;
      sessions.add(own);
    } else if (result.kind === 'http1-only') {
      failAll({ kind: 'http1-only' });
    } else if (sessions.size > 0) {
      pausedUntilMs = clock.monotonicMs() + RECONNECT_PAUSE_MS;
    } else if (opening === 0) {
      failAll({ kind: 'failed', failure: 'not-connected', code: result.code });
    }
    pump();
  };

  const retire = (session: Http2Session) => {
    if (!sessions.delete(session)) return;
    retiring.add(session);
    void session.close().then(() => retiring.delete(session));
    if (sessions.size === 0) pausedUntilMs = Number.NEGATIVE_INFINITY;
    pump();
  };

  const failAll = (result: Http2Result) => {
    const failed = waiters;
    waiters = [];
    for (const waiter of failed) waiter.settle?.(result);
  };

  const wait = (request: TransportRequest, signal: AbortSignal): Promise<Http2Result> =>
    new Promise((resolve) => {
      const giveUp = (code: string) => {
        if (!waiter.settle) return;
        waiters = waiters.filter((other) => other !== waiter);
        waiter.settle({ kind: 'failed', failure: 'not-started', code });
      };
      const onAbort = () => giveUp('ABORTED');
      const stopTimer = clock.schedule(settings.requestTimeoutMs, () => giveUp('ETIMEDOUT'));
      const waiter: Waiter = {
        request,
        signal,
        settle: (result) => {
          waiter.settle = undefined;
          stopTimer();
          signal.removeEventListener('abort', onAbort);
          resolve(result);
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      waiters.push(waiter);
      pump();
    });

  return {
    send(request, signal) {
      if (signal.aborted) return Promise.resolve({ kind: 'failed', failure: 'not-started', code: 'ABORTED' });
      if (closing) return Promise.resolve({ kind: 'failed', failure: 'not-started', code: 'CLOSED' });
      const session = waiters.length === 0 ? sessionWithRoom() : undefined;
      return session ? session.send(request, signal) : wait(request, signal);
    },
    stats: () => ({
      protocol: 'h2',
      connections: sessions.size + retiring.size,
      active: [...sessions, ...retiring].reduce((sum, session) => sum + session.active(), 0),
    }),
    async close() {
      closing = true;
      if (waiters.length > 0 || opening > 0)
        await new Promise<void>((resolve) => {
          quiet = resolve;
        });
      await Promise.all([...sessions, ...retiring].map((session) => session.close()));
    },
  };
}
