import { UnavailableError } from '@belfry/core/unavailable-error';
import { sqliteCodeOf, ThreadError } from '@belfry/sqlite';
import { type CorruptPlace, LogCorruption } from './log-corruption.ts';

const SQLITE_ERROR = 1;
const SQLITE_IOERR = 10;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_NOTADB = 26;
/**
 * What SQLite says of a damaged file: that it is, also in the middle of a commit; or that it has no such table or column, since the log's statements are few and
 * fixed and fit every file that the log has made.
 */
const DAMAGE: ReadonlySet<number> = new Set([SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_ERROR]);
/** `node:sqlite` has read an integer beyond 2^53, which the log never writes. */
const TOO_LARGE = 'ERR_OUT_OF_RANGE';

/** What a failure in the log's thread, or of its files, means to a caller. */
export function toLogFailure(thrown: unknown): Error {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  if (error instanceof LogCorruption) return error;
  const code = 'code' in error ? error.code : undefined;
  if (error instanceof ThreadError && code === 'log-corrupt') return reviveCorruption(error);
  const primaryCode = ((error instanceof ThreadError ? error.sqliteCode : sqliteCodeOf(error)) ?? 0) & 0xff;
  if (DAMAGE.has(primaryCode) || code === TOO_LARGE) {
    return new LogCorruption(error.message, undefined, { cause: error });
  }
  if (code === 'log-full' || primaryCode === SQLITE_FULL) {
    return new UnavailableError('log-full', `the log takes no more records: ${error.message}`, { cause: error });
  }
  if (code === 'thread-died' || code === 'thread-closed' || primaryCode === SQLITE_IOERR) {
    return new UnavailableError('log-unavailable', `the log is not available: ${error.message}`, { cause: error });
  }
  return error;
}

function reviveCorruption(error: ThreadError): LogCorruption {
  const corruption = new LogCorruption('', error.detail as CorruptPlace | undefined, { cause: error });
  corruption.message = error.message;
  return corruption;
}
