import { DatabaseError } from 'pg';
import { ChangedMeanwhileError } from '../changed-meanwhile-error.ts';

/** The connection failed, or none was to be had: the statement may or may not have had its effect. */
export class ConnectionFailure extends Error {
  constructor(cause: unknown) {
    super(describe(cause), { cause });
    this.name = 'ConnectionFailure';
  }
}

/** An error of several attempts (one per address of a name) has no message of its own. */
function describe(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(describe).join('; ');
  return error instanceof Error ? error.message : String(error);
}

/** Classes of SQLSTATE that say something about the server and nothing about the statement (PostgreSQL manual, appendix A). */
const OUTAGE_CLASSES: ReadonlySet<string> = new Set([
  '08', // connection exception
  '53', // insufficient resources: connections, memory, disk
  '57', // operator intervention: shutdown, statement_timeout
  '58', // I/O error
]);
const OUTAGE_CODES: ReadonlySet<string> = new Set([
  '25006', // read-only: a standby, or a primary that is one no longer
  '25P03', // idle_in_transaction_session_timeout
  '55P03', // lock_timeout
]);

const STALE_PLAN = '0A000';
const UNKNOWN_STATEMENT = '26000';
const CONTENTION_CODES: ReadonlySet<string> = new Set(['40001', '40P01']);
const UNIQUE_VIOLATION = '23505';

/** Somebody else was in the way at this moment: the same call may well succeed now. */
export function isRepeatable(error: unknown): boolean {
  if (error instanceof ChangedMeanwhileError) return true;
  if (!(error instanceof DatabaseError) || error.code === undefined) return false;
  // Two that found nothing and both insert: the second one finds the first one's row when it looks again.
  return CONTENTION_CODES.has(error.code) || error.code === UNIQUE_VIOLATION || isStalePlan(error);
}

/** A statement prepared before a newer release changed its table, or by a connection that a proxy has exchanged; a new connection prepares it anew. */
export function isStalePlan(error: unknown): boolean {
  if (!(error instanceof DatabaseError)) return false;
  return error.code === UNKNOWN_STATEMENT || (error.code === STALE_PLAN && error.message.includes('cached plan'));
}

/** The database cannot do its work now, whatever it is asked. */
export function isOutage(error: unknown): error is Error {
  if (error instanceof ConnectionFailure) return true;
  if (!(error instanceof DatabaseError) || error.code === undefined) return false;
  const { code } = error;
  return OUTAGE_CLASSES.has(code.slice(0, 2)) || OUTAGE_CODES.has(code) || CONTENTION_CODES.has(code);
}

/** The server answered a new connection with what no waiting changes: a wrong password, a database that is not there. */
export function refusalOf(error: unknown): DatabaseError | undefined {
  const cause = error instanceof ConnectionFailure ? error.cause : undefined;
  return cause instanceof DatabaseError && !isOutage(cause) ? cause : undefined;
}

/** SQLSTATE of what the server said; undefined where it said nothing. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof DatabaseError ? error.code : undefined;
}
