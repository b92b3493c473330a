import { type ApiRequest, BelfryApiError } from './api-request.ts';
import type { BelfryClientOptions } from './client-options.ts';

/** What the client shows to say who it is. Asked for each time anew: a page refreshes its token, and a ticket is good once. */
export type Credentials = {
  /** For the first frame of a WebSocket. */
  forConnection(): Promise<{ readonly token: string } | { readonly ticket: string }>;
  /** For the URL of an EventSource, which cannot send a token: the page's ticket, or one made with its token. */
  ticket(): Promise<string>;
  user(): Promise<string>;
};

export function createCredentials(
  { getToken, getTicket, user }: Pick<BelfryClientOptions, 'getToken' | 'getTicket' | 'user'>,
  request: ApiRequest,
): Credentials {
  const userName = async (): Promise<string> => {
    const name = user ?? (getToken && subjectOf(await getToken()));
    if (name === undefined) throw new Error('belfry: `user` is needed where no token names the user');
    return name;
  };
  return {
    async forConnection() {
      if (getToken !== undefined) return { token: await getToken() };
      if (getTicket !== undefined) return { ticket: await getTicket() };
      throw new Error('belfry: `getToken` or `getTicket` is needed to connect');
    },
    async ticket() {
      if (getTicket !== undefined) return getTicket();
      const { ticket } = await request('POST', '/v1/connection-tickets', { user: await userName() });
      if (typeof ticket !== 'string') throw new BelfryApiError(201, 'internal_error', 'the answer has no ticket');
      return ticket;
    },
    user: userName,
  };
}

/** The `sub` claim, unverified: the gateway verifies it, here it only names the path. */
export function subjectOf(token: string): string | undefined {
  const payload = token.split('.')[1];
  if (payload === undefined) return undefined;
  try {
    const binary = atob(payload.replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    const { sub }: { sub?: unknown } = JSON.parse(new TextDecoder().decode(bytes));
    return typeof sub === 'string' ? sub : undefined;
  } catch {
    return undefined;
  }
}
