export { createEdge, type Edge, type EdgeOptions } from './edge.ts';
export type { UpstreamName, Upstreams } from './upstreams.ts';
