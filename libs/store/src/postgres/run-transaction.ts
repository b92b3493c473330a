import { type Clock, sleep } from '@belfry/core/clock';
import type { Random } from '@belfry/core/random';
import { codeOf, isRepeatable } from './postgres-errors.ts';
import type { PostgresLogger } from './postgres-logger.ts';
import type { PostgresConnection, PostgresPool } from './postgres-pool.ts';

/**
 * How a call runs: its statements each on its own, all on one snapshot, as one transaction, or as one that is not yet on disk when it is over. A crash of the server
 * may lose the latter's last half second; whatever is committed after it and is on disk has it on disk, too.
 */
export type TransactionMode = 'statements' | 'snapshot' | 'transaction' | 'relaxed';

export type TransactionRunner = <Result>(
  mode: TransactionMode,
  work: (connection: PostgresConnection) => Promise<Result>,
) => Promise<Result>;

export const BEGIN = {
  snapshot: ['begin isolation level repeatable read read only'],
  transaction: ['begin'],
  relaxed: ['begin', 'set local synchronous_commit to off'],
} as const satisfies { readonly [Mode in Exclude<TransactionMode, 'statements'>]: readonly string[] };
/** Locks are taken in sorted order, so that one repetition is rare already. */
const MAX_TRIES = 8;
const FIRST_WAIT_MS = 10;

/** Runs calls on connections of the pool, and again where somebody else's transaction was in the way. */
export function createTransactionRunner(
  pool: PostgresPool,
  { clock, random, logger }: { readonly clock: Clock; readonly random: Random; readonly logger?: PostgresLogger },
): TransactionRunner {
  return async (mode, work) => {
    for (let tries = 1; ; tries++) {
      try {
        return await pool.withConnection((connection) =>
          mode === 'statements' ? work(connection) : inTransaction(connection, BEGIN[mode], work),
        );
      } catch (error) {
        if (!isRepeatable(error) || tries === MAX_TRIES) throw error;
        logger?.info({ tries, code: codeOf(error) }, 'another transaction was in the way: the call is repeated');
        // Apart from each other: those that met would meet again.
        await sleep(clock, random.next() * FIRST_WAIT_MS * 2 ** tries);
      }
    }
  };
}

export async function inTransaction<Result>(
  connection: PostgresConnection,
  begin: readonly string[],
  work: (connection: PostgresConnection) => Promise<Result>,
): Promise<Result> {
  // Not waited for: it travels with the first statement, and where it fails that one does too.
  const begun = Promise.all(begin.map((statement) => connection.execute(statement)));
  begun.catch(() => {});
  let result: Result;
  try {
    result = await work(connection);
    await begun;
  } catch (error) {
    // Where this fails, too, the pool throws the connection away, and the server ends the transaction with it.
    await connection.execute('rollback');
    throw error;
  }
  await connection.execute('commit');
  return result;
}
