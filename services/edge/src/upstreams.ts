/** What stands behind the edge; each is one process or several behind one name. */
export type Upstreams = {
  readonly api: string;
  readonly realtime: string;
  readonly console: string;
  readonly examples: string | undefined;
};

const REALTIME = ['/v1/realtime', '/v1/events'];
const API = ['/v1', '/docs', '/openapi.json'];
const OWN = ['/health', '/metrics'];

/** The base URL that a path belongs to; undefined: the edge answers it itself. */
export function upstreamOf(path: string, upstreams: Upstreams): string | undefined {
  const isUnder = (prefix: string): boolean => path === prefix || path.startsWith(`${prefix}/`);
  if (OWN.some(isUnder)) return undefined;
  if (REALTIME.includes(path)) return upstreams.realtime;
  if (API.some(isUnder)) return upstreams.api;
  if (upstreams.examples !== undefined && isUnder('/examples')) return upstreams.examples;
  return upstreams.console;
}
