import { TEST_KEY } from './launch-belfry.ts';

export type ApiAnswer<Body = Record<string, unknown>> = {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
};

export type Api = {
  get<Body = Record<string, unknown>>(path: string): Promise<ApiAnswer<Body>>;
  /** A page that is not JSON. Rejects unless it is answered 200. */
  getText(path: string): Promise<string>;
  post<Body = Record<string, unknown>>(
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<ApiAnswer<Body>>;
  delete<Body = Record<string, unknown>>(path: string): Promise<ApiAnswer<Body>>;
};

/** The HTTP API with a credential. Answers of every status come back; only a broken connection rejects. */
export function createApi(url: string, credential: string = TEST_KEY): Api {
  async function call<Body>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${credential}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: (text === '' ? {} : JSON.parse(text)) as Body };
  }
  return {
    get: (path) => call('GET', path),
    getText: async (path) => {
      const response = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${credential}` } });
      if (response.status !== 200) throw new Error(`${path}: ${response.status}`);
      return response.text();
    },
    post: (path, body, headers) => call('POST', path, body, headers),
    delete: (path) => call('DELETE', path),
  };
}

export type LedgerAnswer = {
  readonly id: string;
  readonly status: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly deliveries: readonly {
    readonly id: string;
    readonly recipient: string;
    readonly channel: string;
    readonly device: string;
    readonly status: string;
    readonly reason?: string;
    readonly nextAttemptAt?: string;
    readonly attempts: readonly {
      readonly at: string;
      readonly outcome: string;
      readonly code: string;
      readonly reason: string;
    }[];
  }[];
  readonly next?: string | null;
};
