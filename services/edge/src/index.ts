export { createEdge, type Edge, type EdgeOptions } from './edge.ts';
export type { Upstreams } from './upstreams.ts';
