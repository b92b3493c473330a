import { ProblemError } from '@belfry/runtime';

export type ApiRequest = {
  readonly method: string;
  /** Path and query, percent-encoded. */
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly idempotencyKey?: string | undefined;
};

export type ApiAnswer = {
  readonly status: number;
  readonly contentType: string;
  readonly retryAfter: string | undefined;
  readonly body: string;
};

/** The public HTTP API under the console's key. Answers of every status come back; one that does not come is a 503. */
export type ApiClient = (request: ApiRequest) => Promise<ApiAnswer>;

/** Above the API's own deadline for accepting (5 s). */
const TIMEOUT_MS = 15_000;

export function createApiClient({ apiUrl, apiKey }: { apiUrl: () => string; apiKey: string }): ApiClient {
  return async ({ method, path, body, idempotencyKey }) => {
    const headers: Record<string, string> = { authorization: `Bearer ${apiKey}` };
    if (body !== undefined) headers['content-type'] = 'application/json';
    if (idempotencyKey !== undefined) headers['idempotency-key'] = idempotencyKey;
    try {
      const response = await fetch(new URL(path, apiUrl()), {
        method,
        headers,
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT_MS),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return {
        status: response.status,
        contentType: response.headers.get('content-type') ?? 'application/json',
        retryAfter: response.headers.get('retry-after') ?? undefined,
        body: await response.text(),
      };
    } catch (cause) {
      throw new ProblemError('api_unavailable', { retryAfterSeconds: 1, cause });
    }
  };
}
