import { ERRORS, type ErrorCode, type Problem, problemType } from '@belfry/protocol/errors';

export type ProblemOptions = {
  /** What is wrong with this very request, in one sentence. Never the value of a secret. */
  readonly detail?: string;
  /** JSON pointer into the body (`/to/users/0`), or `header:Name`, `query:name`, `path:name`. */
  readonly field?: string;
  /** The limit that was broken. */
  readonly limit?: number | string;
  /** Becomes a Retry-After header, rounded up to whole seconds. */
  readonly retryAfterSeconds?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
};

/**
 * Ends a request with a problem document (RFC 9457). Thrown, because a route has no better way out of nested calls; the host turns it into
 * the answer. Recognise it with `isProblemError`: `instanceof` fails where two copies of this package are loaded.
 */
export class ProblemError extends Error {
  readonly code: ErrorCode;
  readonly options: ProblemOptions;
  /** Fastify reads it before the error handler runs. */
  readonly statusCode: number;

  constructor(code: ErrorCode, options: ProblemOptions = {}) {
    super(options.detail ?? ERRORS[code].title, { cause: options.cause });
    this.name = 'ProblemError';
    this.code = code;
    this.options = options;
    this.statusCode = ERRORS[code].status;
  }
}

/** The answer to a credential that is missing or no good (RFC 9110 §11.6.1 asks for the header). */
export function unauthenticated(detail: string): ProblemError {
  return new ProblemError('unauthenticated', {
    detail,
    field: 'header:Authorization',
    headers: { 'www-authenticate': 'Bearer realm="belfry"' },
  });
}

export function isProblemError(error: unknown): error is ProblemError {
  return (
    error instanceof Error &&
    error.name === 'ProblemError' &&
    'code' in error &&
    Object.hasOwn(ERRORS, String(error.code))
  );
}

/** The document that answers with `code`. */
export function problemDocument(code: ErrorCode, options: ProblemOptions, requestId?: string): Problem {
  const { status, title } = ERRORS[code];
  return {
    type: problemType(code),
    title,
    status,
    code,
    ...(options.detail !== undefined && { detail: options.detail }),
    ...(options.field !== undefined && { field: options.field }),
    ...(options.limit !== undefined && { limit: options.limit }),
    ...(requestId !== undefined && { requestId }),
  };
}

/** Headers that go with the document. */
export function problemHeaders(options: ProblemOptions): Record<string, string> {
  const headers: Record<string, string> = { ...options.headers };
  if (options.retryAfterSeconds !== undefined) {
    headers['retry-after'] = String(Math.max(1, Math.ceil(options.retryAfterSeconds)));
  }
  return headers;
}
