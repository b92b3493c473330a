import { bytes, type ConfigValues, defineConfig, defineOptions, durationMs, integer } from '@belfry/runtime';
import {
  backplaneOptions,
  checkShared,
  cookieSecretOptions,
  kafkaOptions,
  keysOptions,
  postgresOptions,
  processOptions,
  publicHttpOptions,
  userTokenOptions,
  userTokenProblems,
} from '@belfry/service-process';
import { DEFAULT_GATEWAY_LIMITS, type GatewayLimits } from './gateway-limits.ts';

export const realtimeGatewayOptions = defineOptions({
  BELFRY_REALTIME_CONNECTIONS: {
    type: integer({ min: 1, max: 1_000_000 }),
    default: DEFAULT_GATEWAY_LIMITS.connections,
    description: 'Live connections that one process takes; further ones get 503.',
    group: 'Realtime',
  },
  BELFRY_REALTIME_CONNECTIONS_PER_USER: {
    type: integer({ min: 1, max: 10_000 }),
    default: DEFAULT_GATEWAY_LIMITS.connectionsPerUser,
    description: 'Live connections of one user that one process takes: tabs and devices.',
    group: 'Realtime',
  },
  BELFRY_REALTIME_QUEUE: {
    type: bytes({ min: 65_536, max: 67_108_864 }),
    default: DEFAULT_GATEWAY_LIMITS.queueBytes,
    description: 'Bytes that may wait for one connection before it is closed as too slow (4008).',
    group: 'Realtime',
  },
  BELFRY_REALTIME_HEARTBEAT: {
    type: durationMs({ min: 1_000, max: 300_000 }),
    default: DEFAULT_GATEWAY_LIMITS.heartbeatMs,
    description:
      'Time between two WebSocket pings, give or take a tenth; also the longest time that a lost hint goes unnoticed.',
    group: 'Realtime',
  },
  BELFRY_REALTIME_DRAIN: {
    type: durationMs({ min: 0, max: 600_000 }),
    default: DEFAULT_GATEWAY_LIMITS.drainWindowMs,
    description: 'Connections are sent to other gateways over this time when the process is asked to stop.',
    group: 'Realtime',
  },
});

export const CONFIG = defineConfig({
  program: 'node services/realtime-gateway/src/main.ts',
  summary: 'Holds the live connections of users: WebSocket and server-sent events.',
  environment: 'shared',
  options: {
    ...processOptions(8082),
    ...publicHttpOptions,
    ...realtimeGatewayOptions,
    ...postgresOptions,
    ...backplaneOptions,
    ...kafkaOptions,
    ...keysOptions,
    ...userTokenOptions,
    ...cookieSecretOptions,
  },
  check: (values) => [...checkShared(values), ...userTokenProblems(values)],
});

/** Those of the limits that an operator sets. */
export function gatewayLimits(config: ConfigValues<typeof realtimeGatewayOptions>): Partial<GatewayLimits> {
  return {
    connections: config.BELFRY_REALTIME_CONNECTIONS,
    connectionsPerUser: config.BELFRY_REALTIME_CONNECTIONS_PER_USER,
    queueBytes: config.BELFRY_REALTIME_QUEUE,
    heartbeatMs: config.BELFRY_REALTIME_HEARTBEAT,
    drainWindowMs: config.BELFRY_REALTIME_DRAIN,
  };
}
