import type { FastifyRequest } from 'fastify';
import type { Metrics } from '../metrics.ts';
import type { HttpApp } from './http-app.ts';

/** One line and one measurement per answer. The route's template, never the URL: paths hold user names and queries hold tickets. */
export function addAccessLog(app: HttpApp, metrics: Metrics): void {
  const sent = new WeakSet<FastifyRequest>();
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    done();
  });
  app.addHook('onSend', (request, _reply, _payload, done) => {
    sent.add(request);
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    done();
    // A stream that a route has taken over ends when its reader leaves, hours later: that is no time to answer.
    if (!sent.has(request)) return;
    const { method } = request;
    const route = request.routeOptions.url ?? 'none';
    const status = reply.statusCode;
    metrics.httpRequestSeconds.observe({ method, route, status: String(status) }, reply.elapsedTime / 1_000);
    // "Not ready" is what a probe has asked for, several times a second while everything starts.
    const isProbe = route === '/health/ready';
    const level = isProbe || status < 400 ? 'debug' : status >= 500 ? 'error' : 'info';
    request.log[level](
      { reqId: request.id, method, route, status, durationMs: Math.round(reply.elapsedTime) },
      'request',
    );
  });
}
