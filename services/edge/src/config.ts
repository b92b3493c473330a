import { type ConfigProblem, defineConfig, defineOptions, list } from '@belfry/runtime';
import { processOptions, publicHttpOptions } from '@belfry/service-process';

const GROUP = 'Upstreams';

export const edgeOptions = defineOptions({
  BELFRY_EDGE_API: {
    type: list(),
    default: ['http://127.0.0.1:8081'],
    description:
      'Base URL of the producer API: /v1, /openapi.json and /docs. With several, one that is ready is taken for each request.',
    group: GROUP,
  },
  BELFRY_EDGE_REALTIME: {
    type: list(),
    default: ['http://127.0.0.1:8082'],
    description: 'Base URL, or several, of the realtime gateway: /v1/realtime and /v1/events.',
    group: GROUP,
  },
  BELFRY_EDGE_CONSOLE: {
    type: list(),
    default: ['http://127.0.0.1:8083'],
    description: 'Base URL, or several, of the console: every other path.',
    group: GROUP,
  },
  BELFRY_EDGE_EXAMPLES: {
    type: list(),
    default: [],
    description: 'Base URL, or several, of the example upstream: /examples. Without it these paths are the console’s.',
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
  check: (values) =>
    Object.keys(edgeOptions).flatMap((name) => urlProblems(name, values[name as keyof typeof edgeOptions])),
});

function urlProblems(variable: string, urls: readonly string[]): readonly ConfigProblem[] {
  return urls
    .filter((url) => URL.parse(url)?.protocol !== 'http:' || url.endsWith('/'))
    .map((url) => ({ variable, detail: `has "${url}", which is no http URL without a slash at its end` }));
}
