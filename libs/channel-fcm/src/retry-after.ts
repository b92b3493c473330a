/**
 * Milliseconds to wait that a `Retry-After` header asks for (RFC 9110 §10.2.3: delay-seconds or an HTTP-date). Undefined where the header
 * is missing, unreadable, zero or in the past: then the provider's own floor applies, which is the safer wait.
 */
export function parseRetryAfter(header: string | undefined, nowMs: number): number | undefined {
  const value = header?.trim();
  if (!value) return undefined;
  const waitMs = /^\d+$/.test(value) ? Number(value) * 1000 : httpDateMs(value) - nowMs;
  return waitMs > 0 && Number.isSafeInteger(waitMs) ? waitMs : undefined;
}

const IMF_FIXDATE = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** `Date.parse` reads much that is no HTTP-date ("1.5" is a day in 2001), hence the shape first. */
function httpDateMs(value: string): number {
  return IMF_FIXDATE.test(value) ? Date.parse(value) : Number.NaN;
}
