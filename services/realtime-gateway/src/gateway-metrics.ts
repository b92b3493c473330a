import type { Metrics } from '@belfry/runtime';

/** The instruments that a gateway writes. */
export type GatewayMetrics = Pick<Metrics, 'connections' | 'connectionsClosed' | 'framesSent' | 'healedHints'>;
