import { escapeIdentifier } from 'pg';

/** A statement that takes longer is not one of ours: even the largest batch takes a second or two. */
export const STATEMENT_TIMEOUT_MS = 20_000;
/** Waiting for somebody else's row. Below the statement's, so that the error says what it was. */
const LOCK_TIMEOUT_MS = 10_000;
/** A process that hangs in the middle of a transaction loses it, and others get its locks: while they still wait for them, and what they would write is not sent again meanwhile. */
const IDLE_IN_TRANSACTION_MS = 5_000;

/**
 * Set on every new connection, in one statement. Every statement of ours is a handful of look-ups by key from a list of rows, whatever the sizes of the tables. The
 * planner guesses these from statistics that are missing or old when a table grows fast, and one guess in favour of reading a whole table stops everything; so what is
 * never right is switched off, and each call is planned for the tables as they are.
 */
export function sessionSettings(schema: string): Readonly<Record<string, string>> {
  return {
    search_path: escapeIdentifier(schema),
    statement_timeout: `${STATEMENT_TIMEOUT_MS}`,
    lock_timeout: `${LOCK_TIMEOUT_MS}`,
    idle_in_transaction_session_timeout: `${IDLE_IN_TRANSACTION_MS}`,
    default_transaction_isolation: 'read committed',
    plan_cache_mode: 'force_custom_plan',
    enable_seqscan: 'off',
    // Both sort what an index of ours gives in order, up to the limit.
    enable_bitmapscan: 'off',
    enable_incremental_sort: 'off',
    // A look-up costs little more than the next row: solid-state disks, and pages that are in memory.
    random_page_cost: '1.1',
    enable_hashjoin: 'off',
    enable_mergejoin: 'off',
    max_parallel_workers_per_gather: '0',
    jit: 'off',
  };
}
