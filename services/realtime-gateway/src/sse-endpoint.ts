import type { HttpApp } from '@belfry/runtime';
import { ProblemError } from '@belfry/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Admission, LivePrincipal } from './admission.ts';
import { handshakeCredential } from './authenticate.ts';
import type { EndpointDeps } from './endpoint-deps.ts';
import { DRAINING, overloaded, shakeHands } from './handshake.ts';
import { isOriginAllowed } from './origin.ts';
import type { Refusal } from './refusal.ts';
import type { SseTicketCookie } from './sse-ticket-cookie.ts';
import { createSseTransport } from './sse-transport.ts';

export const EVENTS_PATH = '/v1/events';

/** Serves server-sent events (WHATWG HTML §9.2) on `EVENTS_PATH`; a plain `EventSource` with a ticket in its URL works, reconnects included. */
export function addSseEndpoint(app: HttpApp, deps: EndpointDeps, cookie: SseTicketCookie): void {
  const { limits, authenticator, admit, connections, clock } = deps;

  const refuse = ({ code, options }: Refusal): never => {
    throw new ProblemError(code, options);
  };

  /** 'used-up' is for a ticket that is neither new nor remembered by a cookie. */
  const identify = async (request: FastifyRequest, reply: FastifyReply, query: URLSearchParams) => {
    const credential = handshakeCredential(request.headers, query);
    if (credential.kind === 'none') return undefined;
    if (credential.kind === 'token') return authenticator.token(credential.token);
    const { ticket } = credential;
    const remembered = cookie.read(ticket, request.headers.cookie, clock.nowMs());
    if (remembered !== undefined) return remembered;
    const principal = await authenticator.ticket(ticket);
    if (principal === undefined) return 'used-up';
    reply.header('set-cookie', cookie.issue(ticket, principal, request.protocol === 'https'));
    return principal;
  };

  const stream = (request: FastifyRequest, reply: FastifyReply, admission: Admission): void => {
    const response = reply.raw;
    reply.hijack();
    response.writeHead(200, {
      ...(reply.getHeaders() as Record<string, string>),
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      // nginx would hold events back to fill a buffer.
      'x-accel-buffering': 'no',
    });
    response.write(`retry: ${limits.sseRetryMs}\n\n`);
    const connection = connections.open((events) =>
      createSseTransport({
        response,
        clock,
        turn: deps.turn,
        heartbeatMs: limits.sseHeartbeatMs,
        queueBytes: limits.queueBytes,
        closeTimeoutMs: limits.closeTimeoutMs,
        events,
      }),
    );
    response.once('close', () => connection.ended());
    if (request.raw.destroyed) connection.ended();
    connection.begin(admission);
  };

  app.get(EVENTS_PATH, { schema: { hide: true } }, async (request, reply) => {
    if (!isOriginAllowed(request.headers.origin, deps.allowedOrigins)) {
      return refuse({ code: 'origin_not_allowed', options: { field: 'header:Origin' } });
    }
    if (deps.isDraining()) return refuse(DRAINING);
    if (connections.size() >= limits.connections) return refuse(overloaded(limits.connections));
    const query = new URLSearchParams(request.url.split('?', 2)[1] ?? '');
    let usedUp = false;
    const identified = async (): Promise<LivePrincipal | undefined> => {
      const principal = await identify(request, reply, query);
      usedUp = principal === 'used-up';
      return principal === 'used-up' ? undefined : principal;
    };
    const handshake = await shakeHands(identified, admit, resumeFrom(request, query));
    // 204 is the one answer that stops an EventSource from trying again.
    if (usedUp) return reply.code(204).send();
    if (!handshake.ok) return refuse(handshake.refusal);
    stream(request, reply, handshake.admission);
    return reply;
  });
}

/** What the browser remembered is newer than what the page wrote into the URL. */
function resumeFrom(request: FastifyRequest, query: URLSearchParams): string | undefined {
  const header = request.headers['last-event-id'];
  const last = typeof header === 'string' ? header : undefined;
  return last || query.get('lastEventId') || query.get('cursor') || undefined;
}
