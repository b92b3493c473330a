import { createUserSeal, hashSecret } from '@belfry/runtime';
import type { LivePrincipal } from './admission.ts';

/**
 * `EventSource` reconnects with the URL it was made with, whose ticket is used up by then. So the first use of a ticket leaves this cookie: it is good
 * for that ticket only (its name is from the ticket's hash, and the ticket must be in the URL again), for one path, for an hour at most.
 */
export type SseTicketCookie = {
  /** The Set-Cookie header for a ticket that was just used up. */
  issue(ticket: string, principal: LivePrincipal, secure: boolean): string;
  /** Who used the ticket before, by the Cookie header. undefined without the cookie, when it was tampered with, or after its time. */
  read(ticket: string, cookieHeader: string | undefined, nowMs: number): LivePrincipal | undefined;
};

export function createSseTicketCookie(secret: string, path: string): SseTicketCookie {
  const seal = createUserSeal(secret, 'belfry sse ticket cookie 1');
  return {
    issue(ticket, principal, secure) {
      const name = cookieName(ticket);
      const expires = new Date(principal.expiresAtMs).toUTCString();
      // A page on another site may only send it back with SameSite=None, which browsers take over https alone. The cookie by itself opens nothing.
      const site = secure ? 'SameSite=None; Secure' : 'SameSite=Lax';
      return `${name}=${seal.seal(principal, name)}; Path=${path}; Expires=${expires}; HttpOnly; ${site}`;
    },
    read(ticket, cookieHeader, nowMs) {
      const name = cookieName(ticket);
      return seal.open(findCookie(cookieHeader ?? '', name) ?? '', nowMs, name);
    },
  };
}

function cookieName(ticket: string): string {
  return `belfry-sse-${hashSecret(ticket).slice(0, 32)}`;
}

function findCookie(header: string, name: string): string | undefined {
  for (const part of header.split(';')) {
    const [key, value] = part.trim().split('=', 2);
    if (key === name) return value;
  }
  return undefined;
}
