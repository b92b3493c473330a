import type { IncomingHttpHeaders } from 'node:http';

const URGENCIES = ['very-low', 'low', 'normal', 'high'] as const;
type Urgency = (typeof URGENCIES)[number];

export type PushHeaders = { readonly ttlSeconds: number; readonly urgency: Urgency; readonly topic?: string };

export type HeaderCheck =
  | { readonly ok: true; readonly value: PushHeaders }
  | { readonly ok: false; readonly status: 400; readonly reason: string };

/** Longest time that the service keeps a message; it says so in the TTL of its answer (RFC 8030 §5.2). */
const MAX_TTL_SECONDS = 30 * 24 * 60 * 60;

/** Header rules of RFC 8030 §5 and RFC 8291 §4. */
export function checkHeaders(headers: IncomingHttpHeaders, hasBody: boolean): HeaderCheck {
  const { ttl, urgency = 'normal', topic } = headers;
  if (typeof ttl !== 'string' || !/^\d{1,10}$/.test(ttl)) return bad('TTL must be there, whole seconds');
  const known = URGENCIES.find((candidate) => candidate === urgency);
  if (!known) return bad(`Urgency must be one of ${URGENCIES.join(', ')}`);
  if (topic !== undefined && (typeof topic !== 'string' || !/^[A-Za-z0-9_-]{1,32}$/.test(topic))) {
    return bad('Topic must be 1 to 32 characters of base64url');
  }
  if (hasBody && headers['content-encoding'] !== 'aes128gcm') return bad('Content-Encoding must be aes128gcm');
  return {
    ok: true,
    value: {
      ttlSeconds: Math.min(Number(ttl), MAX_TTL_SECONDS),
      urgency: known,
      ...(topic === undefined ? {} : { topic }),
    },
  };
}

function bad(reason: string): HeaderCheck {
  return { ok: false, status: 400, reason };
}
