/** What stands behind the edge. */
export const UPSTREAM_NAMES = ['api', 'realtime', 'console', 'examples'] as const;
export type UpstreamName = (typeof UPSTREAM_NAMES)[number];

/** Base URLs of each, none where it is not there. One may be a name for several processes. */
export type Upstreams = Readonly<Record<UpstreamName, readonly string[]>>;

const REALTIME = ['/v1/realtime', '/v1/events'];
const API = ['/v1', '/docs', '/openapi.json'];
const OWN = ['/health', '/metrics'];

/** To whom a path belongs; undefined: the edge answers it itself. */
export function upstreamOf(path: string, hasExamples: boolean): UpstreamName | undefined {
  const isUnder = (prefix: string): boolean => path === prefix || path.startsWith(`${prefix}/`);
  if (OWN.some(isUnder)) return undefined;
  if (REALTIME.includes(path)) return 'realtime';
  if (API.some(isUnder)) return 'api';
  if (hasExamples && isUnder('/examples')) return 'examples';
  return 'console';
}
