import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import { isIP } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { failureCode } from './failure-code.ts';
import { readHttp2Answer } from './http2-answer.ts';
import type { TransportRequest, TransportResult, TransportSettings } from './transport.ts';

export type SessionEvents = {
  /** A stream ended, or the server raised its limit: there may be room for another. */
  onRoom(): void;
  /** No new request may start here (GOAWAY, close, error); those under way may still finish. */
  onRetired(): void;
};

/** One HTTP/2 connection. */
export type Http2Session = {
  /** How many more requests may start now. */
  room(): number;
  active(): number;
  /** Starts a request; call only while `room()` is above zero. */
  send(request: TransportRequest, signal: AbortSignal): Promise<TransportResult>;
  /** Resolves when the requests under way have ended and the connection is closed. */
  close(): Promise<void>;
};

export type SessionOpening =
  | { readonly kind: 'open'; readonly session: Http2Session }
  | { readonly kind: 'http1-only' }
  | { readonly kind: 'failed'; readonly code: string };

/**
 * Connects and waits for the server's SETTINGS, so that the very first requests already respect its stream limit. Whatever fails in here
 * failed before any request.
 */
export async function openHttp2Session(settings: TransportSettings, events: SessionEvents): Promise<SessionOpening> {
  let timedOut = false;
  let opened: TLSSocket | undefined;
  const stopTimer = settings.clock.schedule(settings.connectTimeoutMs, () => {
    timedOut = true;
    opened?.destroy(new Error('connect timeout'));
  });
  try {
    // Throws at once for certificates that are no PEM.
    const socket = connectSocket(settings);
    opened = socket;
    await eventOf(socket, 'secureConnect');
    if (socket.alpnProtocol !== 'h2') {
      socket.destroy();
      return { kind: 'http1-only' };
    }
    const session = connect(settings.origin, { createConnection: () => socket, settings: { enablePush: false } });
    await eventOf(session, 'remoteSettings');
    if (session.destroyed) return { kind: 'failed', code: 'ECONNRESET' };
    return { kind: 'open', session: wrap(session, socket, settings, events) };
  } catch (error) {
    opened?.destroy();
    return { kind: 'failed', code: timedOut ? 'ETIMEDOUT' : failureCode(error) };
  } finally {
    stopTimer();
  }
}

function connectSocket({ origin, ca }: TransportSettings): TLSSocket {
  const host = origin.hostname.replace(/^\[|\]$/g, '');
  const socket = connectTls({
    host,
    port: Number(origin.port || 443),
    ALPNProtocols: ['h2', 'http/1.1'],
    // An address is no server name (RFC 6066 §3).
    ...(isIP(host) ? {} : { servername: host }),
    ...(ca === undefined ? {} : { ca }),
  });
  socket.setNoDelay(true);
  return socket;
}

function eventOf(emitter: TLSSocket | ClientHttp2Session, event: 'secureConnect' | 'remoteSettings'): Promise<void> {
  return new Promise((resolve, reject) => {
    emitter.once(event, () => resolve());
    // Stays after success: an error event without a listener would end the process.
    emitter.on('error', reject);
    emitter.once('close', () => reject(new Error('closed before it was ready')));
  });
}

function wrap(
  session: ClientHttp2Session,
  socket: TLSSocket,
  settings: TransportSettings,
  events: SessionEvents,
): Http2Session {
  const { clock } = settings;
  let active = 0;
  let retired = false;
  /** The highest stream that a GOAWAY promises to finish. */
  let lastStream = Number.POSITIVE_INFINITY;
  let lastUsedMs = clock.monotonicMs();
  let stopHealthCheck = () => {};
  let stopPingTimer = () => {};
  let pinging = false;

  const limit = () => Math.min(settings.maxStreams, session.remoteSettings.maxConcurrentStreams ?? settings.maxStreams);
  const retire = () => {
    if (retired) return;
    retired = true;
    events.onRetired();
  };
  const idle = Promise.withResolvers<void>();
  const hangUp = () => {
    session.destroy();
    // After a GOAWAY, Node's session only ends its side and waits for a peer that may never close.
    socket.destroy();
  };
  const closed = new Promise<void>((resolve) => session.once('close', resolve));

  session.on('remoteSettings', events.onRoom);
  session.on('goaway', (_code, lastStreamId) => {
    lastStream = Math.min(lastStream, lastStreamId);
    retire();
  });
  session.on('close', () => {
    stopHealthCheck();
    stopPingTimer();
    retire();
  });

  const checkHealth = () => {
    if (active === 0 && clock.monotonicMs() - lastUsedMs >= settings.idleMs) {
      retire();
      hangUp();
      return;
    }
    stopHealthCheck = clock.schedule(settings.pingIntervalMs, checkHealth);
    if (pinging || session.closed || session.destroyed) return;
    pinging = true;
    // A peer that vanished without a word would otherwise be found only by the timeouts of real requests.
    stopPingTimer = clock.schedule(settings.pingTimeoutMs, hangUp);
    session.ping(() => {
      pinging = false;
      stopPingTimer();
    });
  };
  stopHealthCheck = clock.schedule(settings.pingIntervalMs, checkHealth);

  const begin = (request: TransportRequest): ClientHttp2Stream | string => {
    try {
      const stream = session.request({ ':method': 'POST', ':path': request.path, ...request.headers });
      stream.end(request.body);
      return stream;
    } catch (error) {
      // The session ended between the pool's look and this call.
      return failureCode(error);
    }
  };
  const wasRefused = (stream: ClientHttp2Stream) =>
    stream.rstCode === constants.NGHTTP2_REFUSED_STREAM || (stream.id ?? 0) > lastStream;
  const refusalCode = () => (lastStream < Number.POSITIVE_INFINITY ? 'GOAWAY' : 'REFUSED_STREAM');

  return {
    room: () => (retired || session.closed || session.destroyed ? 0 : Math.max(0, limit() - active)),
    active: () => active,
    send(request, signal) {
      const stream = begin(request);
      if (typeof stream === 'string') {
        return Promise.resolve({ kind: 'failed', failure: 'refused-stream', code: stream });
      }
      active += 1;
      lastUsedMs = clock.monotonicMs();
      stream.once('close', () => {
        active -= 1;
        lastUsedMs = clock.monotonicMs();
        // A server that refuses one stream refuses the next: what comes now goes to another connection.
        if (wasRefused(stream)) retire();
        if (active === 0 && retired) idle.resolve();
        events.onRoom();
      });
      return readHttp2Answer(stream, {
        signal,
        clock,
        timeoutMs: settings.requestTimeoutMs,
        isConnectionGone: () => session.destroyed,
        refusedBy: () => (wasRefused(stream) ? refusalCode() : undefined),
      });
    },
    async close() {
      retire();
      // Our GOAWAY would overtake a request that has only just started, and the server would refuse it.
      if (active > 0) await Promise.race([idle.promise, closed]);
      hangUp();
      await closed;
    },
  };
}
