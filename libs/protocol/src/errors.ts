/**
 * Every error code that a client can meet, once. A code is never reused or renumbered; `docs/errors.md` is generated from here.
 */
export const ERRORS = {
  invalid_json: {
    status: 400,
    title: 'The body is not JSON',
    description: 'The request body could not be parsed. Nothing was accepted.',
  },
  validation_failed: {
    status: 400,
    title: 'A field is not valid',
    description:
      '`field` is a JSON pointer to the first field that is wrong, `limit` the limit that it broke. Nothing was accepted.',
  },
  idempotency_key_invalid: {
    status: 400,
    title: 'The Idempotency-Key is not valid',
    description: 'A key has 1 to 255 visible ASCII characters.',
  },
  cursor_invalid: {
    status: 400,
    title: 'The cursor is not valid',
    description: 'Pass the cursor exactly as it was given to you.',
  },
  unauthenticated: {
    status: 401,
    title: 'Who is calling is not known',
    description: 'The API key, token or ticket is missing, unknown, expired or used up.',
  },
  forbidden: {
    status: 403,
    title: 'Not allowed',
    description: 'The credential is good but does not allow this; `detail` names the scope or user that is needed.',
  },
  origin_not_allowed: {
    status: 403,
    title: 'The page may not connect',
    description: 'The Origin of the page is not in BELFRY_ALLOWED_ORIGINS.',
  },
  not_found: {
    status: 404,
    title: 'Not found',
    description: 'There is no such route, or no such thing in this tenant.',
  },
  method_not_allowed: {
    status: 405,
    title: 'Method not allowed',
    description: 'The route exists, but not for this method.',
  },
  notification_conflict: {
    status: 409,
    title: 'The notification id is taken',
    description: 'A notification with this id and another body was accepted before.',
  },
  device_owned_by_another_user: {
    status: 409,
    title: 'The device belongs to another user',
    description: 'Remove it from the other user first; an address is never taken over silently.',
  },
  too_many_devices: {
    status: 409,
    title: 'The user has too many devices',
    description: 'Remove one before adding another; `limit` says how many a user may have.',
  },
  request_in_progress: {
    status: 409,
    title: 'The same request is still running',
    description:
      'A request with this Idempotency-Key or notification id is being accepted. Try again after Retry-After.',
  },
  body_too_large: { status: 413, title: 'The body is too large', description: '`limit` is the largest body in bytes.' },
  notification_too_large: {
    status: 413,
    title: 'The notification is too large',
    description: 'A notification has at most 16,384 bytes of JSON.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'The content type is not supported',
    description: 'Send application/json, or application/x-ndjson to the batch route.',
  },
  idempotency_key_reused: {
    status: 422,
    title: 'The Idempotency-Key was used with another body',
    description: 'Use a new key for a new request. Keys are forgotten after 24 hours.',
  },
  rate_limited: {
    status: 429,
    title: 'Too many requests',
    description: 'The rate of this API key is used up. Try again after Retry-After.',
  },
  internal_error: {
    status: 500,
    title: 'Something broke here',
    description:
      'A bug. The request id finds the log line. The request may or may not have had an effect; repeat it with the same id or Idempotency-Key.',
  },
  upstream_unavailable: {
    status: 502,
    title: 'The service behind this address does not answer',
    description:
      'The edge could not reach the service, or it ended without an answer: the request may or may not have had an effect. Repeat it with the same id or Idempotency-Key.',
  },
  log_unavailable: {
    status: 503,
    title: 'The log cannot take the work now',
    description:
      'Nothing was confirmed; the notification may still be delivered. Repeat it with the same id or Idempotency-Key after Retry-After.',
  },
  store_unavailable: {
    status: 503,
    title: 'The store cannot be reached now',
    description: 'Try again after Retry-After, with the same id or Idempotency-Key.',
  },
  token_keys_unavailable: {
    status: 503,
    title: 'The keys of user tokens cannot be fetched now',
    description:
      'The identity provider of BELFRY_JWKS_URL does not answer, and without its keys nobody knows whether the token is good. Try again after Retry-After.',
  },
  api_unavailable: {
    status: 503,
    title: 'The API cannot be reached now',
    description: 'The console got no answer from the HTTP API behind it. Try again after Retry-After.',
  },
  too_many_connections: {
    status: 503,
    title: 'This gateway has no place left',
    description: 'Connect again after Retry-After.',
  },
  log_full: {
    status: 507,
    title: 'The log is full',
    description: 'The disk or the configured size is used up and nothing can be removed yet. An operator has to act.',
  },
} as const;

export type ErrorCode = keyof typeof ERRORS;

/** RFC 9457 problem document, with our members. */
export type Problem = {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ErrorCode;
  readonly detail?: string;
  /** JSON pointer into the request (`/to/users/0`), or `header:Name`, `query:name`. */
  readonly field?: string;
  readonly limit?: number | string;
  readonly requestId?: string;
};

/** Where each code is explained; relative, so that it works behind any base URL. */
export function problemType(code: ErrorCode): string {
  return `/docs/errors#${code}`;
}
