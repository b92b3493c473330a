import { setTimeout as pause } from 'node:timers/promises';
import type { Api, ApiAnswer } from './api.ts';

export type RacerCounts = {
  /** Answers that were stored ones. */
  readonly replayed: number;
  /** Posts repeated because another was still running (409), the server was not ready (503), or the connection broke. */
  readonly repeated: { readonly running: number; readonly unavailable: number; readonly broken: number };
};

export type Racer = {
  /** Posts under the key until it is answered 202, as the documents ask a producer to do; resolves with the id. Rejects on an answer that no repeat helps. */
  race(key: string, body: unknown): Promise<string>;
  counts(): RacerCounts;
};

/** Long enough that the racers do not take the processor from a server that is just starting. */
const BROKEN_PAUSE_MS = 100;
/** A producer would wait as long as it is told; the test goes on sooner. */
const RETRY_AFTER_CAP_MS = 2_000;

/** Gives up, with a rejection, once `over` is aborted: nobody may be there to answer then. */
export function createRacer(api: Api, over: AbortSignal): Racer {
  let replayed = 0;
  const repeated = { running: 0, unavailable: 0, broken: 0 };

  const post = (key: string, body: unknown): Promise<ApiAnswer<{ id?: string }> | undefined> =>
    api.post<{ id?: string }>('/v1/notifications', body, { 'idempotency-key': key }).catch(() => undefined);

  return {
    async race(key, body) {
      for (;;) {
        over.throwIfAborted();
        const answer = await post(key, body);
        // The edge says 502 where a connection to the service itself would break.
        if (answer === undefined || answer.status === 502) {
          repeated.broken++;
          await pause(BROKEN_PAUSE_MS);
        } else if (answer.status === 202 && answer.body.id !== undefined) {
          if (answer.headers.get('idempotency-replayed') === 'true') replayed++;
          return answer.body.id;
        } else if (answer.status === 409 || answer.status === 503) {
          repeated[answer.status === 409 ? 'running' : 'unavailable']++;
          await pause(retryAfterMs(answer.headers));
        } else {
          throw new Error(`${key}: ${answer.status} ${JSON.stringify(answer.body)}`);
        }
      }
    },
    counts: () => ({ replayed, repeated: { ...repeated } }),
  };
}

/** A server that is asked again must say when (RFC 9110 §10.2.3); both of these answers of Belfry's do, in seconds. */
function retryAfterMs(headers: Headers): number {
  const seconds = Number(headers.get('retry-after') ?? Number.NaN);
  if (!Number.isFinite(seconds)) return BROKEN_PAUSE_MS;
  return Math.min(RETRY_AFTER_CAP_MS, seconds * 1_000);
}
