import { UnavailableError } from '@belfry/core/unavailable-error';
import { ThreadError } from '@belfry/sqlite';
import { type CorruptPlace, LogCorruption } from './log-corruption.ts';

const SQLITE_FULL = 13;
const SQLITE_IOERR = 10;

/** What a failure in the log's thread means to a caller. */
export function toLogFailure(error: unknown): Error {
  if (!(error instanceof ThreadError)) return error instanceof Error ? error : new Error(String(error));
  if (error.code === 'log-corrupt') return reviveCorruption(error);
  const primaryCode = (error.sqliteCode ?? 0) & 0xff;
  if (error.code === 'log-full' || primaryCode === SQLITE_FULL) {
    return new UnavailableError('log-full', `the log takes no more records: ${error.message}`, { cause: error });
  }
  if (error.code === 'thread-died' || error.code === 'thread-closed' || primaryCode === SQLITE_IOERR) {
    return new UnavailableError('log-unavailable', `the log is not available: ${error.message}`, { cause: error });
  }
  return error;
}

function reviveCorruption(error: ThreadError): LogCorruption {
  const corruption = new LogCorruption('', error.detail as CorruptPlace | undefined, { cause: error });
  corruption.message = error.message;
  return corruption;
}
