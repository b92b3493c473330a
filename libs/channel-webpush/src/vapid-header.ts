import type { Clock } from '@belfry/core/clock';
import webpush from 'web-push';
import type { VapidKey } from './vapid-keys.ts';

export type VapidHeaderOptions = {
  /** `mailto:` or `https:`, told to the push service (RFC 8292 §2.1). */
  readonly subject: string;
  readonly clock: Clock;
};

/** Lifetime of a token. RFC 8292 allows 24 hours; half of it leaves room for a clock that is wrong. */
const LIFETIME_S = 12 * 60 * 60;
/** A token is signed anew when less than this is left, so one that waits in a queue never arrives expired. */
const REFRESH_BELOW_S = LIFETIME_S / 2;
/** Tokens held; one per key and push service. Bounded because hosts below an allowed suffix are the client's choice. */
const MAX_CACHED = 256;

/**
 * The Authorization header for a key and an origin, signed once per six hours: a signature per message costs as much as a quarter of an
 * encryption and some services rate-limit fresh tokens.
 */
export function createVapidHeaders(options: VapidHeaderOptions): (key: VapidKey, origin: string) => string {
  const cache = new Map<string, { readonly header: string; readonly expiresS: number }>();

  return (key, origin) => {
    const nowS = Math.floor(options.clock.nowMs() / 1000);
    const name = `${key.id} ${origin}`;
    const cached = cache.get(name);
    const leftS = (cached?.expiresS ?? 0) - nowS;
    // More than a whole lifetime left: the clock went back, and a service with the right time would refuse the token.
    if (cached && leftS >= REFRESH_BELOW_S && leftS <= LIFETIME_S) return cached.header;
    const expiresS = nowS + LIFETIME_S;
    const { Authorization: header } = webpush.getVapidHeaders(
      origin,
      options.subject,
      key.publicKey,
      key.privateKey,
      'aes128gcm',
      expiresS,
    );
    cache.delete(name);
    cache.set(name, { header, expiresS });
    const oldest = cache.keys().next().value;
    if (cache.size > MAX_CACHED && oldest !== undefined) cache.delete(oldest);
    return header;
  };
}
