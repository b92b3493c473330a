import { defineConfig, defineOptions, list, url } from '@belfry/runtime';
import { processOptions, publicHttpOptions } from '@belfry/service-process';

const GROUP = 'Upstreams';

export const edgeOptions = defineOptions({
  BELFRY_EDGE_API: {
    type: url(),
    default: 'http://127.0.0.1:8081',
    description: 'The producer API: /v1, /openapi.json and /docs.',
    group: GROUP,
  },
  BELFRY_EDGE_REALTIME: {
    type: url(),
    default: 'http://127.0.0.1:8082',
    description: 'The realtime gateway: /v1/realtime and /v1/events.',
    group: GROUP,
  },
  BELFRY_EDGE_CONSOLE: {
    type: url(),
    default: 'http://127.0.0.1:8083',
    description: 'The console: every other path.',
    group: GROUP,
  },
  BELFRY_EDGE_EXAMPLES: {
    type: url(),
    optional: true,
    description: 'The example upstream: /examples. Without it these paths are the console’s.',
    group: GROUP,
  },
  BELFRY_EDGE_METRICS: {
    type: list(),
    default: [],
    description:
      'Base URLs of processes whose metrics /metrics shows besides those of the edge, each of all addresses of its name, told apart by the label "instance". Prometheus itself should ask the processes.',
    group: GROUP,
  },
});

const { BELFRY_TRUST_PROXY } = publicHttpOptions;

export const CONFIG = defineConfig({
  program: 'node services/edge/src/main.ts',
  summary:
    'One address in front of the services, for development and compose. Where an ingress or a load balancer is there anyway, it does the same.',
  environment: 'shared',
  options: { ...processOptions(8080), BELFRY_TRUST_PROXY, ...edgeOptions },
});
