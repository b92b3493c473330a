export { gatewayLimits, realtimeGatewayOptions } from './config.ts';
export type { GatewayLimits } from './gateway-limits.ts';
export { createRealtimeGateway, type RealtimeGatewayDeps } from './realtime-gateway.ts';
export { EVENTS_PATH } from './sse-endpoint.ts';
export { REALTIME_PATH } from './websocket-endpoint.ts';
