/// <reference lib="dom" />
import type { BelfryClientOptions } from './client-options.ts';

/** The API answered with a problem (RFC 9457); `code` is one of docs/errors.md. */
export class BelfryApiError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, detail: string) {
    super(`belfry: ${code}: ${detail}`);
    this.name = 'BelfryApiError';
    this.status = status;
    this.code = code;
  }
}

/** With the page's token, unless another credential is given. The JSON of the answer, `{}` where there is none. Rejects with `BelfryApiError` for a status of 400 and above, with `TypeError` when nothing was reached. */
export type ApiRequest = (
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  body?: unknown,
  credential?: string,
) => Promise<Readonly<Record<string, unknown>>>;

export function createApiRequest({
  baseUrl,
  getToken,
  fetch: send = fetch,
}: Pick<BelfryClientOptions, 'baseUrl' | 'getToken' | 'fetch'>): ApiRequest {
  return async (method, path, body, credential) => {
    const headers: Record<string, string> = {};
    const token = credential ?? (await getToken?.());
    if (token !== undefined) headers.authorization = `Bearer ${token}`;
    if (body !== undefined) headers['content-type'] = 'application/json';
    const response = await send(new URL(path, baseUrl), {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = asObject(await response.text());
    if (response.ok) return answer;
    throw new BelfryApiError(
      response.status,
      typeof answer.code === 'string' ? answer.code : 'unknown',
      typeof answer.detail === 'string' ? answer.detail : `answered ${response.status}`,
    );
  };
}

function asObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
