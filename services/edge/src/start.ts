import type { ServerResponse } from 'node:http';
import { runServiceProcess } from '@belfry/service-process';
import { CONFIG } from './config.ts';
import { createEdge, type Edge } from './edge.ts';
import { gatherMetrics } from './gather-metrics.ts';
import { createUpstreamHealth } from './upstream-health.ts';

const REALTIME_PATH = '/v1/realtime';

export function start(edge: NodeJS.Process): Promise<void> {
  let forward: Edge['forward'] = () => false;
  let showMetrics: ((response: ServerResponse) => void) | undefined;
  return runServiceProcess(edge, {
    name: 'edge',
    config: CONFIG,
    needs: [],
    http: () => ({
      upgradePaths: [REALTIME_PATH],
      front: (request, response) => {
        if (request.url !== '/metrics' || showMetrics === undefined) return forward(request, response);
        showMetrics(response);
        return true;
      },
    }),
    wire: ({ config, clock, random, metrics, logger, host }) => {
      const upstreams = {
        api: config.BELFRY_EDGE_API,
        realtime: config.BELFRY_EDGE_REALTIME,
        console: config.BELFRY_EDGE_CONSOLE,
        examples: config.BELFRY_EDGE_EXAMPLES,
      };
      const health = createUpstreamHealth(upstreams, clock);
      const front = createEdge({ next: health.next, trustProxy: config.BELFRY_TRUST_PROXY, clock, random, logger });
      forward = front.forward;
      host.app.server.on('upgrade', front.upgrade);
      const others = config.BELFRY_EDGE_METRICS;
      if (others.length > 0) {
        showMetrics = (response) => {
          gatherMetrics(others, metrics, logger).then(
            (text) => response.writeHead(200, { 'content-type': metrics.registry.contentType }).end(text),
            () => response.writeHead(500).end(),
          );
        };
      }
      return [
        {
          name: 'edge',
          start: async () => {},
          drain: async () => front.endStreams(),
          stop: async () => front.close(),
        },
        health.service,
      ];
    },
  });
}
