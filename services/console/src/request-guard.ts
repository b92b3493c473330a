import { ProblemError } from '@belfry/runtime';
import type { FastifyRequest } from 'fastify';
import { type Session, sessionCookieName } from './session.ts';

export type RequestGuard = {
  /** Route hook (`onRequest`) of everything that the console serves: only under its own names. */
  host(request: FastifyRequest): Promise<void>;
  /** Route hook of the page's API: its own page in a browser that has loaded it. */
  page(request: FastifyRequest): Promise<void>;
};

export type RequestGuardOptions = { readonly session: Session; readonly allowedOrigins: readonly string[] };

const LOCAL_NAMES: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];
const READING: readonly string[] = ['GET', 'HEAD'];

/**
 * Who has the console can send to everybody, so another site must not get at it through the browser of somebody who may: a name that was rebound to this
 * machine fails on Host, a page of another site on the SameSite cookie, one of another port of this machine (same site!) on Origin and Sec-Fetch-Site.
 */
export function createRequestGuard({ session, allowedOrigins }: RequestGuardOptions): RequestGuard {
  const originsOf = (request: FastifyRequest): readonly string[] => {
    const host = request.headers.host ?? '';
    const configured = allowedOrigins.filter((origin) => URL.parse(origin)?.host === host);
    return isLocal(request, host) ? [`http://${host}`, `https://${host}`, ...configured] : configured;
  };

  const checkHost = (request: FastifyRequest): void => {
    if (originsOf(request).length > 0) return;
    throw new ProblemError('forbidden', {
      detail:
        'The console answers only on localhost of its own machine, and under the origins of BELFRY_CONSOLE_ORIGINS.',
      field: 'header:Host',
    });
  };

  const checkOrigin = (request: FastifyRequest): void => {
    const { origin } = request.headers;
    const site = request.headers['sec-fetch-site'];
    if (origin === undefined ? READING.includes(request.method) : originsOf(request).includes(origin)) {
      if (site === undefined || site === 'same-origin' || (site === 'none' && READING.includes(request.method))) return;
    }
    throw new ProblemError('origin_not_allowed', {
      detail: 'Only the page of the console itself may do this.',
      field: 'header:Origin',
    });
  };

  const checkSession = (request: FastifyRequest): void => {
    if (session.isValid(request.cookies[sessionCookieName(request.headers.host ?? '')])) return;
    throw new ProblemError('unauthenticated', { detail: 'The session of this page has ended: load it again.' });
  };

  return {
    async host(request) {
      checkHost(request);
    },
    async page(request) {
      checkHost(request);
      checkOrigin(request);
      checkSession(request);
    },
  };
}

/**
 * Anybody can write `localhost` into a header, so the other end must be this machine as well. Behind a proxy on this machine the other end is the proxy: then all for whom it
 * says that it asks must be here. Believing it needs no trust, as the header can only take something away.
 */
function isLocal(request: FastifyRequest, host: string): boolean {
  const forwardedFor = [request.headers['x-forwarded-for'] ?? []].flat().flatMap((each) => each.split(','));
  const callers = [request.socket.remoteAddress ?? '', ...forwardedFor.map((each) => each.trim())];
  return callers.every(isLoopback) && LOCAL_NAMES.includes(URL.parse(`http://${host}`)?.hostname ?? '');
}

function isLoopback(address: string): boolean {
  return /^(?:::ffff:)?127\.|^::1$/.test(address);
}
