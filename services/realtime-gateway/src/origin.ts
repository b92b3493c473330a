/**
 * Whether a page may connect. Browsers send `Origin` with every WebSocket handshake and cross-origin request, and a page cannot change it; the match is
 * exact, scheme and port included. Clients that are not browsers send none, and need a credential like everyone.
 */
export function isOriginAllowed(origin: string | undefined, allowed: readonly string[]): boolean {
  return origin === undefined || allowed.includes('*') || allowed.includes(origin);
}
