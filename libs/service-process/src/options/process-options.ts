import { boolean, defineOptions, durationMs, LOG_LEVELS, oneOf, origins, port, string } from '@belfry/runtime';

const SECOND = 1_000;

/** Where a process listens. Every service has a default port of its own, so that all of them run on one machine. */
export function listenOptions(defaultPort: number) {
  return defineOptions({
    PORT: { type: port(), default: defaultPort, description: 'TCP port to listen on.', group: 'HTTP' },
    BELFRY_HOST: {
      type: string(),
      default: '127.0.0.1',
      description: 'Address to listen on. 0.0.0.0 accepts connections from other machines.',
      group: 'HTTP',
    },
  });
}

/** What every service process has: an address for health and metrics, log lines, a beginning and an end that are bounded. */
export function processOptions(defaultPort: number) {
  return defineOptions({
    ...listenOptions(defaultPort),
    BELFRY_LOG_LEVEL: {
      type: oneOf(LOG_LEVELS),
      default: 'info' as const,
      description: 'Least severe log line that is printed.',
      group: 'Operation',
    },
    BELFRY_START_WAIT: {
      type: durationMs({ min: 0, max: 3_600 * SECOND }),
      default: 120 * SECOND,
      description: 'How long a start waits for Kafka, PostgreSQL and Redis to answer before it gives up.',
      group: 'Operation',
    },
    BELFRY_STOP_BUDGET: {
      type: durationMs({ min: SECOND, max: 600 * SECOND }),
      default: 25 * SECOND,
      description: 'Time from SIGTERM to the end of the process. Below the kill timeout of whatever runs it.',
      group: 'Operation',
    },
  });
}

/** Of processes that browsers and producers reach, mostly through a proxy. */
export const publicHttpOptions = defineOptions({
  BELFRY_ALLOWED_ORIGINS: {
    type: origins({ pages: 'any' }),
    default: [],
    description: 'Pages that may call from a browser, such as https://app.example. * allows every page.',
    group: 'HTTP',
  },
  BELFRY_TRUST_PROXY: {
    type: boolean(),
    default: false,
    description: 'Believe X-Forwarded-* headers. Only behind a proxy that sets them itself, whatever the client sent.',
    group: 'HTTP',
  },
});
