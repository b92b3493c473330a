/** The system's or OpenSSL's word for an error (`ECONNREFUSED`, `ERR_TLS_CERT_ALTNAME_INVALID`), for the ledger; never its message. */
export function failureCode(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return failureCode(error.errors[0]);
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return 'ECONNRESET';
}
