/**
 * WebSocket close codes. The range tells a client what to do: 4000–4499 connect again (with backoff), 4500–4999 do not, until something changed.
 * Of the standard codes 1001, 1006, 1011, 1012 and 1013 mean connect again; 1008 and 1009 do not.
 */
export const CLOSE_CODES = {
  internalError: { code: 1011, reason: 'internal-error' },
  restart: { code: 1012, reason: 'restart' },
  tooLarge: { code: 1009, reason: 'frame-too-large' },
  heartbeatTimeout: { code: 4001, reason: 'heartbeat-timeout' },
  slowConsumer: { code: 4008, reason: 'slow-consumer' },
  overloaded: { code: 4013, reason: 'overloaded' },
  storeUnavailable: { code: 4014, reason: 'store-unavailable' },
  unauthenticated: { code: 4501, reason: 'unauthenticated' },
  authenticationTimeout: { code: 4502, reason: 'authentication-timeout' },
  credentialExpired: { code: 4403, reason: 'credential-expired' },
  badFrame: { code: 4503, reason: 'bad-frame' },
  rateLimited: { code: 4029, reason: 'rate-limited' },
} as const;

export function mayReconnect(code: number): boolean {
  if (code >= 4000 && code <= 4999) return code < 4500;
  return code !== 1008 && code !== 1009 && code !== 1002 && code !== 1003 && code !== 1007;
}
