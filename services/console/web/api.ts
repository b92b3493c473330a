/** RFC 9457, as the API answers; `field` is a JSON pointer, `limit` what was broken. */
export type Problem = {
  readonly status: number;
  readonly title: string;
  readonly detail?: string;
  readonly field?: string;
  readonly limit?: number | string;
};

export type Answer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: Problem };

const PREFIX = '/console/api';

/** Asks the console's own API. Every answer comes back as a value, also that there was none. */
export async function call<T>(method: string, path: string, body?: unknown): Promise<Answer<T>> {
  try {
    const response = await fetch(`${PREFIX}${path}`, {
      method,
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const value: unknown = text === '' ? {} : JSON.parse(text);
    if (response.ok) return { ok: true, value: value as T };
    const problem = typeof value === 'object' && value !== null ? (value as Partial<Problem>) : {};
    return { ok: false, problem: { title: `answered ${response.status}`, ...problem, status: response.status } };
  } catch {
    return { ok: false, problem: { status: 0, title: 'Belfry does not answer', detail: 'Is it still running?' } };
  }
}

/** `fetch` for the browser SDK: what it asks of the API goes to the console, which has the key, unless it has a credential of its own for it. */
export const fetchThroughConsole: typeof fetch = (input, init) => {
  const url = new URL(input instanceof Request ? input.url : input);
  if (new Headers(init?.headers).has('authorization')) return fetch(url, init);
  return fetch(`${PREFIX}${url.pathname}${url.search}`, init);
};

/** One line for people: what, where, and the limit where the sentence does not say it itself. */
export function describeProblem({ title, detail, field, limit }: Problem): string {
  const where = field === undefined || field === '' ? '' : `${field}: `;
  const what = detail ?? title;
  const saysLimit = limit === undefined || what.replaceAll(/[,.\s]/g, '').includes(String(limit));
  return `${where}${what}${saysLimit ? '' : ` (limit ${limit})`}`;
}
