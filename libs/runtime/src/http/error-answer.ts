import { isUnavailable, type UnavailableCode } from '@belfry/core/unavailable-error';
import type { ErrorCode } from '@belfry/protocol/errors';
import type { ProblemOptions } from './problem.ts';
import { isProblemError } from './problem.ts';

/** What to answer, and whether the error is ours to look into. */
export type ErrorAnswer = { readonly code: ErrorCode; readonly options: ProblemOptions; readonly fault: boolean };

/** Seconds after which a client may try again where a dependency is down; short, because most outages of a store are a fail-over. */
const UNAVAILABLE_RETRY_SECONDS = 5;

/** Longest value of one path parameter, in characters of the URL: a user name of 128 characters, all of them percent-encoded. */
export const PATH_PART_LENGTH_MAX = 1_536;

/** Codes of fastify and of Node that stand for a bad request, and what each means here. */
const FRAMEWORK_ERRORS: Readonly<Record<string, { readonly code: ErrorCode; readonly options: ProblemOptions }>> = {
  FST_ERR_CTP_INVALID_JSON_BODY: { code: 'invalid_json', options: {} },
  FST_ERR_CTP_EMPTY_JSON_BODY: { code: 'invalid_json', options: { detail: 'The body is empty.' } },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: {
    code: 'invalid_json',
    options: { detail: 'Content-Length does not match the body.', field: 'header:Content-Length' },
  },
  FST_ERR_CTP_BODY_TOO_LARGE: { code: 'body_too_large', options: {} },
  FST_ERR_BAD_URL: { code: 'validation_failed', options: { detail: 'The path is not well encoded.', field: 'path' } },
  FST_ERR_MAX_PARAM_LENGTH: {
    code: 'validation_failed',
    options: { detail: 'A part of the path is too long.', field: 'path', limit: PATH_PART_LENGTH_MAX },
  },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: { code: 'unsupported_media_type', options: { field: 'header:Content-Type' } },
};

/** What a client is told of each outage. */
export const UNAVAILABLE_ERRORS: Readonly<Record<UnavailableCode, ErrorCode>> = {
  'store-unavailable': 'store_unavailable',
  'log-unavailable': 'log_unavailable',
  'log-full': 'log_full',
  'token-keys-unavailable': 'token_keys_unavailable',
};

/** Maps anything that a route may throw. What is not known is a bug: its message stays in the log and never reaches the client. */
export function errorAnswer(error: unknown, bodyLimitBytes: number): ErrorAnswer {
  if (isProblemError(error)) return { code: error.code, options: error.options, fault: error.statusCode >= 500 };
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const known = Object.hasOwn(FRAMEWORK_ERRORS, code) ? FRAMEWORK_ERRORS[code] : undefined;
  if (known !== undefined) {
    const options = known.code === 'body_too_large' ? { ...known.options, limit: bodyLimitBytes } : known.options;
    return { code: known.code, options, fault: false };
  }
  if (isUnavailable(error)) {
    return {
      code: UNAVAILABLE_ERRORS[error.code],
      options: { retryAfterSeconds: UNAVAILABLE_RETRY_SECONDS },
      fault: true,
    };
  }
  if (isMalformedJson(error)) return { code: 'invalid_json', options: {}, fault: false };
  return { code: 'internal_error', options: {}, fault: true };
}

/** Fastify's parser hands on the SyntaxError of a body with `__proto__`, or of one that is no JSON, as a 400 without a code. */
function isMalformedJson(error: unknown): boolean {
  return error instanceof SyntaxError && 'statusCode' in error && error.statusCode === 400;
}
