import type { LookupFunction } from 'node:net';
import type { Clock } from '@belfry/core/clock';
import { type Dispatcher, Pool } from 'undici';
import type { FailureCause, PushAnswer, PushFailure } from './classify.ts';
import { ADDRESS_REFUSED } from './endpoint-guard.ts';

export type PushRequest = {
  readonly url: URL;
  /** The origin is listed in `allowedHosts`. */
  readonly exempt: boolean;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Milliseconds until the message's own deadline, which ends the attempt when it comes before the attempt's. */
  readonly remainingMs: number;
};

export type PushClient = {
  /** One POST, never repeated once it may have been acted on, never redirected. Does not reject. */
  send(request: PushRequest, signal: AbortSignal): Promise<PushAnswer | PushFailure>;
  /** Breaks what is under way. */
  close(): Promise<void>;
};

/** Milliseconds. */
export type PushTimeouts = {
  /** DNS, TCP and TLS. */
  readonly connectMs: number;
  /** From the request's last byte to the answer's headers; then as much again between pieces of its body. */
  readonly responseMs: number;
  /** Everything, waiting for a free connection included. */
  readonly attemptMs: number;
};

/** Services answer in well under a second; FCM asks for at least 10 s before giving up. */
export const DEFAULT_TIMEOUTS: PushTimeouts = { connectMs: 5_000, responseMs: 10_000, attemptMs: 15_000 };

export type PushClientOptions = {
  readonly clock: Clock;
  readonly timeouts: PushTimeouts;
  /** Connections to one origin: HTTP/2 carries 100 requests on each, HTTP/1.1 one. */
  readonly connectionsPerOrigin: number;
  /** Trusted besides Node's own authorities, by exempt origins only. */
  readonly ca?: string;
  lookupFor(exempt: boolean): LookupFunction;
};

/** Pools held. Hosts below an allowed suffix are the client's choice, so their number must not be. */
const MAX_ORIGINS = 64;
const MAX_ANSWER_BYTES = 4_096;

/** Pooled transport to push services: one undici Pool per origin, HTTP/2 where the service offers it, connections kept alive. */
export function createPushClient(options: PushClientOptions): PushClient {
  const { clock, timeouts } = options;
  const pools = new Map<string, Pool>();
  /** Out of the map, still finishing what was under way. */
  const retiring = new Set<Pool>();
  let closed = false;

  function poolFor(request: PushRequest): Pool {
    const { origin } = request.url;
    const pool = pools.get(origin) ?? createPool(request);
    // Moved to the end: the first of the map is the one unused longest.
    pools.delete(origin);
    pools.set(origin, pool);
    const [oldest] = pools;
    if (pools.size > MAX_ORIGINS && oldest) retire(...oldest);
    return pool;
  }

  function retire(origin: string, pool: Pool): void {
    pools.delete(origin);
    retiring.add(pool);
    // Rejects when the pool is destroyed meanwhile, by close() below.
    pool.close().then(
      () => retiring.delete(pool),
      () => retiring.delete(pool),
    );
  }

  function createPool({ url, exempt }: PushRequest): Pool {
    return new Pool(url.origin, {
      connections: options.connectionsPerOrigin,
      connect: {
        lookup: options.lookupFor(exempt),
        timeout: timeouts.connectMs,
        preferH2: true,
        ...(exempt && options.ca ? { ca: options.ca } : {}),
      },
      headersTimeout: timeouts.responseMs,
      bodyTimeout: timeouts.responseMs,
    });
  }

  function send(request: PushRequest, signal: AbortSignal): Promise<PushAnswer | PushFailure> {
    if (closed) return Promise.resolve({ kind: 'failure', cause: 'aborted', code: 'closed', bytesWritten: false });
    return new Promise((resolve) => {
      let controller: Dispatcher.DispatchController | undefined;
      let answer: PushAnswer | undefined;
      let body = '';
      let settled = false;

      const settle = (result: PushAnswer | PushFailure) => {
        if (settled) return;
        settled = true;
        cancelDeadline();
        signal.removeEventListener('abort', onAbort);
        resolve(result);
      };
      const fail = (cause: FailureCause, code: string) => {
        // A status that arrived is the service's word, even if the rest of the answer never came.
        if (answer) settle({ ...answer, body });
        else settle({ kind: 'failure', cause, code, bytesWritten: controller !== undefined });
      };
      const giveUp = (cause: 'aborted' | 'timeout') => {
        fail(cause, cause);
        controller?.abort(new Error(cause));
      };
      const onAbort = () => giveUp('aborted');
      const cancelDeadline = clock.schedule(Math.min(timeouts.attemptMs, request.remainingMs), () => giveUp('timeout'));
      signal.addEventListener('abort', onAbort, { once: true });

      poolFor(request).dispatch(
        {
          path: `${request.url.pathname}${request.url.search}`,
          method: 'POST',
          headers: request.headers,
          body: request.body,
        },
        {
          // Called when a connection is there, right before the first byte. Given up by then: not a byte is written.
          onRequestStart(started) {
            if (settled) started.abort(new Error('given up before it started'));
            else controller = started;
          },
          onResponseStart(_controller, status, headers) {
            if (status >= 200) answer = { kind: 'answer', status, headers, body: '' };
          },
          onResponseData(_controller, chunk) {
            if (body.length < MAX_ANSWER_BYTES) body += chunk.toString('latin1').slice(0, MAX_ANSWER_BYTES);
            else giveUp('aborted');
          },
          onResponseEnd: () => fail('connection-lost', 'no-answer'),
          onResponseError: (_controller, error) => fail(causeOf(error, controller !== undefined), codeOf(error)),
        },
      );
      if (signal.aborted) onAbort();
    });
  }

  return {
    send,
    async close() {
      closed = true;
      const open = [...pools.values(), ...retiring];
      pools.clear();
      await Promise.all(open.map((pool) => pool.destroy()));
    },
  };
}

const DNS_CODES: ReadonlySet<string> = new Set(['ENOTFOUND', 'EAI_AGAIN', 'ENODATA', 'EAI_FAIL', 'ESERVFAIL']);
const TIMEOUT_CODES: ReadonlySet<string> = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);

function causeOf(error: Error, started: boolean): FailureCause {
  const code = codeOf(error);
  if (code === ADDRESS_REFUSED) return 'address-refused';
  if (DNS_CODES.has(code)) return 'dns-failed';
  if (TIMEOUT_CODES.has(code)) return 'timeout';
  return started ? 'connection-lost' : 'connect-failed';
}

/** A message may hold an address or a path, a code never does. */
function codeOf(error: Error): string {
  const code = 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[A-Z0-9_]+$/.test(code) ? code : error.name;
}
