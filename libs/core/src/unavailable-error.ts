export const UNAVAILABLE_CODES = [
  'log-unavailable',
  'log-full',
  'store-unavailable',
  'token-keys-unavailable',
] as const;
export type UnavailableCode = (typeof UNAVAILABLE_CODES)[number];

/**
 * The log, the store or the keys of user tokens cannot do their work now. Never a delivery failure: callers keep what they hold and try again later.
 * Recognise it with `isUnavailable`, which also works for an error that came out of a worker thread.
 */
export class UnavailableError extends Error {
  readonly code: UnavailableCode;

  constructor(code: UnavailableCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'UnavailableError';
    this.code = code;
  }
}

export function isUnavailable(error: unknown): error is Error & { readonly code: UnavailableCode } {
  return (
    error instanceof Error &&
    'code' in error &&
    UNAVAILABLE_CODES.some((code) => code === (error as { code: unknown }).code)
  );
}
