import { isUnavailable } from '@belfry/core/unavailable-error';
import { UNAVAILABLE_ERRORS } from '@belfry/runtime';
import type { Admission, Admit, LivePrincipal } from './admission.ts';
import { RETRY_AFTER_SECONDS, type Refusal } from './refusal.ts';

export type Handshake =
  | { readonly ok: true; readonly admission: Admission }
  | { readonly ok: false; readonly refusal: Refusal };

const UNAUTHENTICATED: Refusal = {
  code: 'unauthenticated',
  options: { detail: 'The token or ticket is missing, not valid, expired or used up.' },
};

export const DRAINING: Refusal = {
  code: 'too_many_connections',
  options: { detail: 'This gateway is shutting down.', retryAfterSeconds: 1 },
};

/** Identifies and admits before the connection is made, so that a client learns by status code what is wrong. Other errors than an outage pass through. */
export async function shakeHands(
  identify: () => Promise<LivePrincipal | undefined>,
  admit: Admit,
  cursor: string | undefined,
): Promise<Handshake> {
  try {
    const principal = await identify();
    if (principal === undefined) return { ok: false, refusal: UNAUTHENTICATED };
    const result = await admit(principal, cursor);
    if (result.ok) return { ok: true, admission: result.admission };
    return { ok: false, refusal: overloaded(result.limit) };
  } catch (error) {
    if (!isUnavailable(error)) throw error;
    const options = { retryAfterSeconds: RETRY_AFTER_SECONDS };
    return { ok: false, refusal: { code: UNAVAILABLE_ERRORS[error.code], options } };
  }
}

/** No place is left: in the process, or for one user. */
export function overloaded(limit: number): Refusal {
  const detail = `No more than ${limit} connections are taken.`;
  return { code: 'too_many_connections', options: { detail, limit, retryAfterSeconds: RETRY_AFTER_SECONDS } };
}
