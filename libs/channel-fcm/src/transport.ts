import type { Clock } from '@belfry/core/clock';
import { createHttp1Pool } from './http1-pool.ts';
import { createHttp2Pool } from './http2-pool.ts';
import type { TransportRule } from './outcome-table.ts';

export type TransportRequest = {
  /** Path and query, beginning with `/`. */
  readonly path: string;
  /** Lower-case names; no pseudo-headers, no connection headers. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

/** A POST came back with an answer, or failed in a way that says whether the server may have acted on it. */
export type TransportResult =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly retryAfter: string | undefined;
      readonly body: string;
    }
  | { readonly kind: 'failed'; readonly failure: TransportFailure; readonly code: string };

export type TransportFailure = Exclude<TransportRule['failure'], 'no-access-token'>;

export type Transport = {
  /** Never rejects for what the network does. Settles at once when `signal` aborts. */
  send(request: TransportRequest, signal: AbortSignal): Promise<TransportResult>;
  stats(): TransportStats;
  /** Lets requests under way finish, takes no new ones, then closes the connections. */
  close(): Promise<void>;
};

export type TransportStats = {
  readonly protocol: 'h2' | 'http/1.1';
  readonly connections: number;
  readonly active: number;
};

export type TransportOptions = {
  /** Scheme, host and port; `http:` is for emulators. */
  readonly origin: URL;
  readonly clock: Clock;
  /** PEM of certificate authorities to trust instead of the system's. */
  readonly ca?: string;
  /** Name, TCP and TLS together. Default 10,000. */
  readonly connectTimeoutMs?: number;
  /** From the first byte of a request to the last of its answer; and, apart from that, for a free stream. FCM asks for ≥ 10,000. Default 15,000. */
  readonly requestTimeoutMs?: number;
  /** HTTP/2 connections at once. Default 10. */
  readonly maxSessions?: number;
  /** Requests at once on one HTTP/2 connection, if the server allows as many. Default 100, which is FCM's own limit. */
  readonly maxStreams?: number;
  /** A connection without requests for this long is closed. Default 180,000. */
  readonly idleMs?: number;
  /** Time between two PINGs. Default 30,000. */
  readonly pingIntervalMs?: number;
  /** A connection whose PING is unanswered for this long is dropped. Default 10,000. */
  readonly pingTimeoutMs?: number;
};

export type TransportSettings = Required<Omit<TransportOptions, 'ca'>> & { readonly ca: string | undefined };

export const DEFAULT_REQUEST_TIMEOUT_MS = 15_000;
export const DEFAULT_CONNECT_TIMEOUT_MS = 10_000;

/**
 * Pooled requests to one origin: HTTP/2 over TLS, HTTP/1.1 with keep-alive for `http:` and for a TLS server that does not offer h2 (which is
 * remembered for the life of the transport).
 */
export function createTransport(options: TransportOptions): Transport {
  const settings: TransportSettings = {
    connectTimeoutMs: DEFAULT_CONNECT_TIMEOUT_MS,
    requestTimeoutMs: DEFAULT_REQUEST_TIMEOUT_MS,
    maxSessions: 10,
    maxStreams: 100,
    idleMs: 180_000,
    pingIntervalMs: 30_000,
    pingTimeoutMs: 10_000,
    ...options,
    ca: options.ca,
  };
  const http1 = createHttp1Pool(settings);
  const http2 = createHttp2Pool(settings);
  let http1Only = settings.origin.protocol === 'http:';

  return {
    async send(request, signal) {
      if (!http1Only) {
        const result = await http2.send(request, signal);
        if (result.kind !== 'http1-only') return result;
        http1Only = true;
      }
      return http1.send(request, signal);
    },
    stats: () => (http1Only ? http1.stats() : http2.stats()),
    async close() {
      await Promise.all([http1.close(), http2.close()]);
    },
  };
}
