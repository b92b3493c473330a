import { type Clock, sleep } from '@belfry/core/clock';
import type { Random } from '@belfry/core/random';
import type { QueryContext } from '../query-context.ts';
import { codeOf, isRepeatable } from './postgres-errors.ts';
import type { PostgresLogger } from './postgres-logger.ts';
import type { PostgresConnection, PostgresPool } from './postgres-pool.ts';

/**
 * How a call runs: its statements each on its own, all on one snapshot, as one transaction, or as one that is not yet on disk when it is over. A crash of the server
 * may lose the latter's last half second; whatever is committed after it and is on disk has it on disk, too.
 */
export type TransactionMode = 'statements' | 'snapshot' | 'transaction' | 'relaxed';

type Finish = QueryContext['finish'];
type Work<Result> = (connection: PostgresConnection, finish: Finish) => Promise<Result>;

export type TransactionRunner = <Result>(mode: TransactionMode, work: Work<Result>) => Promise<Result>;

export const BEGIN = {
  snapshot: 'begin isolation level repeatable read read only',
  transaction: 'begin',
  relaxed: 'begin; set local synchronous_commit to off',
} as const satisfies { readonly [Mode in Exclude<TransactionMode, 'statements'>]: string };
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
          mode === 'statements' ? work(connection, allOf) : inTransaction(connection, BEGIN[mode], work),
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
  begin: string,
  work: Work<Result>,
): Promise<Result> {
  // Not waited for: it travels with the first statement, and where it fails that one does too.
  const begun = connection.execute(begin);
  begun.catch(() => {});
  let committed: Promise<void> | undefined;
  /** Where one of the statements fails, the server makes a rollback of this commit. */
  const finish: Finish = (statements) => {
    committed = connection.execute('commit');
    return allOf([...statements, committed]);
  };
  const run: PostgresConnection['run'] = (text, parameters) => {
    if (committed !== undefined) throw new Error('a statement was sent after the last ones of its transaction');
    return connection.run(text, parameters);
  };
  try {
    const result = await work({ ...connection, run }, finish);
    await begun;
    await (committed ?? connection.execute('commit'));
    return result;
  } catch (error) {
    // Where this fails, too, the pool throws the connection away, and the server ends the transaction with it.
    if (committed === undefined) await connection.execute('rollback');
    throw error;
  }
}

/** Waits for all of them, also where one fails: the connection must be idle before somebody else gets it. Rejects with the first failure. */
async function allOf(statements: readonly Promise<unknown>[]): Promise<void> {
  for (const result of await Promise.allSettled(statements)) if (result.status === 'rejected') throw result.reason;
}
