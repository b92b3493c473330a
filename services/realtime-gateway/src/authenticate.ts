import type { IncomingHttpHeaders } from 'node:http';
import type { Clock } from '@belfry/core/clock';
import type { CredentialStore } from '@belfry/core/store/credentials';
import { bearerCredential, hashSecret, type TokenVerifier } from '@belfry/runtime';
import type { LivePrincipal } from './admission.ts';
import type { Credential } from './connection.ts';

/** How a handshake says who it is. A JWT in the query is not taken: URLs end up in logs, and a token stays good for longer than a ticket. */
export type HandshakeCredential =
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'ticket'; readonly ticket: string }
  | { readonly kind: 'none' };

export function handshakeCredential(headers: IncomingHttpHeaders, query: URLSearchParams): HandshakeCredential {
  const token = bearerCredential(headers.authorization);
  if (token !== undefined) return { kind: 'token', token };
  const ticket = query.get('ticket');
  return !ticket ? { kind: 'none' } : { kind: 'ticket', ticket };
}

export type Authenticator = {
  /** undefined when the token is not good. */
  token(token: string): Promise<LivePrincipal | undefined>;
  /** Uses the ticket up. undefined when there was none, it was used before or has expired. */
  ticket(ticket: string): Promise<LivePrincipal | undefined>;
  /** From an `authenticate` frame, which carries one of the two. */
  credential(credential: Credential): Promise<LivePrincipal | undefined>;
};

export type AuthenticatorOptions = {
  readonly verifyToken: TokenVerifier;
  readonly store: Pick<CredentialStore, 'consumeTicket'>;
  readonly clock: Clock;
  /** How long a connection may live on a ticket. */
  readonly ticketSessionMs: number;
};

export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const token = async (text: string): Promise<LivePrincipal | undefined> => {
    const result = await options.verifyToken(text);
    return result.ok ? result.token : undefined;
  };
  const ticket = async (text: string): Promise<LivePrincipal | undefined> => {
    const consumed = await options.store.consumeTicket(hashSecret(text));
    if (consumed === undefined) return undefined;
    const expiresAtMs = options.clock.nowMs() + options.ticketSessionMs;
    return { tenant: consumed.tenant, user: consumed.user, expiresAtMs };
  };
  return {
    token,
    ticket,
    async credential(credential) {
      if (credential.token !== undefined) return token(credential.token);
      return credential.ticket === undefined ? undefined : ticket(credential.ticket);
    },
  };
}
