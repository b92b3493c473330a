import type { Service } from '@belfry/core/service';
import type { Metrics } from '../metrics.ts';
import type { HttpApp } from './http-app.ts';

export type HealthOptions = {
  readonly metrics: Metrics;
  /** Looked at on every request, so services may be added after the routes. */
  readonly services: readonly Pick<Service, 'name' | 'unready'>[];
};

/**
 * `/health/live` answers while the process can answer at all: it must not look at a store or a broker, or an outage there would have every replica
 * restarted. `/health/ready` says whether to send work here. `/metrics` is Prometheus text.
 */
export function addHealthRoutes(app: HttpApp, { metrics, services }: HealthOptions): void {
  const hide = { hide: true };
  app.get('/health/live', { schema: hide }, () => ({ status: 'live' }));
  app.get('/health/ready', { schema: hide }, (_request, reply) => {
    const unready = services.flatMap((service) => {
      const reason = service.unready?.();
      return reason === undefined ? [] : [{ service: service.name, reason }];
    });
    return reply
      .code(unready.length === 0 ? 200 : 503)
      .send({ status: unready.length === 0 ? 'ready' : 'unready', unready });
  });
  app.get('/metrics', { schema: hide }, async (_request, reply) => {
    const text = await metrics.registry.metrics();
    return reply.header('content-type', metrics.registry.contentType).send(text);
  });
}
