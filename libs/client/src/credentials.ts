import { type ApiRequest, BelfryApiError } from './api-request.ts';
import type { BelfryClientOptions } from './client-options.ts';

/** Who the page's credentials are of. `account` tells users of the same name in different tenants apart. */
export type Identity = { readonly user: string; readonly account: string };

/** What the client shows to say who it is. Asked for each time anew: a page refreshes its token, and a ticket is good once. */
export type Credentials = {
  /** For the first frame of a WebSocket. */
  forConnection(): Promise<{
    readonly credential: { readonly token: string } | { readonly ticket: string };
    readonly account: string | undefined;
  }>;
  /** For the URL of an EventSource, which cannot send a token: the page's ticket, or one made with its token. */
  ticket(): Promise<{ readonly ticket: string; readonly account: string | undefined }>;
  /** Rejects where neither a token nor the page says it: a ticket does not. */
  identity(): Promise<Identity>;
  user(): Promise<string>;
};

export function createCredentials(
  { getToken, getTicket, user }: Pick<BelfryClientOptions, 'getToken' | 'getTicket' | 'user'>,
  request: ApiRequest,
): Credentials {
  const identityOf = (token: string | undefined): Identity | undefined => {
    const claims = token === undefined ? {} : claimsOf(token);
    // The token decides whose connection it will be, whatever the page thinks.
    const subject = claims.sub ?? user;
    if (subject === undefined) return undefined;
    const scope = claims.tenant === undefined ? '' : `${encodeURIComponent(claims.tenant)}/`;
    return { user: user ?? subject, account: `${scope}${encodeURIComponent(subject)}` };
  };
  const named = (found: Identity | undefined): Identity => {
    if (found === undefined) throw new Error('belfry: `user` is needed where no token names the user');
    return found;
  };
  return {
    async forConnection() {
      if (getToken !== undefined) {
        const token = await getToken();
        return { credential: { token }, account: identityOf(token)?.account };
      }
      if (getTicket === undefined) throw new Error('belfry: `getToken` or `getTicket` is needed to connect');
      return { credential: { ticket: await getTicket() }, account: identityOf(undefined)?.account };
    },
    async ticket() {
      const found = identityOf(await getToken?.());
      if (getTicket !== undefined) return { ticket: await getTicket(), account: found?.account };
      const { user: name, account } = named(found);
      const { ticket } = await request('POST', '/v1/connection-tickets', { user: name });
      if (typeof ticket !== 'string') throw new BelfryApiError(201, 'internal_error', 'the answer has no ticket');
      return { ticket, account };
    },
    identity: async () => named(identityOf(await getToken?.())),
    user: async () => user ?? named(identityOf(await getToken?.())).user,
  };
}

/** The `sub` and `tenant` claims, unverified: the gateway verifies them, here they only name paths and places in the page's storage. */
export function claimsOf(token: string): { readonly sub?: string; readonly tenant?: string } {
  const payload = token.split('.')[1];
  if (payload === undefined) return {};
  try {
    const binary = atob(payload.replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    const { sub, tenant }: { sub?: unknown; tenant?: unknown } = JSON.parse(new TextDecoder().decode(bytes));
    return {
      ...(typeof sub === 'string' ? { sub } : {}),
      ...(typeof tenant === 'string' ? { tenant } : {}),
    };
  } catch {
    return {};
  }
}
