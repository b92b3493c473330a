import type { Clock } from '@belfry/core/clock';
import type { Random } from '@belfry/core/random';
import type { Store } from '@belfry/core/store/store';
import { UnavailableError } from '@belfry/core/unavailable-error';
import { closable } from '../closable.ts';
import type { QueryContext } from '../query-context.ts';
import { type CallArgs, type CallName, type CallResult, createStoreClient } from '../store-client.ts';
import { storeMethods } from '../store-methods.ts';
import { postgresDialect } from './postgres-dialect.ts';
import { isOutage, refusalOf } from './postgres-errors.ts';
import { createPostgresPool, type PostgresPoolOptions } from './postgres-pool.ts';
import { prepareSchema } from './prepare-schema.ts';
import { createTransactionRunner, type TransactionMode } from './run-transaction.ts';

export type PostgresStoreOptions = Omit<PostgresPoolOptions, 'schema' | 'clock'> & {
  /** Schema of the tables, for this store alone; made when missing. Default `belfry`. */
  readonly schema?: string;
  /** `nowMs` is the store's clock: what its deadlines and waits are compared with. Processes on one schema need clocks that agree. */
  readonly clock: Clock;
  /** For the waits before a call is repeated that somebody else was in the way of. */
  readonly random: Random;
};

/** What needs no transaction: each is one statement, or statements that nothing binds together. */
const STATEMENTS = [
  'consumeTicket',
  'createTicket',
  'epoch',
  'expandAudience',
  'figures',
  'findApiKey',
  'groupDeadLetters',
  'heads',
  'listDeadLetters',
  'listDevices',
  'listSubscribers',
  'listUnreadableJobs',
  'nextTimerInMs',
  // What the gate decides on may change the moment after; the compare-and-set after the send is what counts.
  'readGate',
  'readPreferences',
  'releaseIdempotencyKey',
  'removeDevice',
  'removeTimers',
  'unsubscribeTopic',
  'writePreferences',
] as const satisfies readonly CallName[];
/** Reads whose parts must fit each other: a page never shows what lies behind the head that it tells. */
const SNAPSHOTS = ['readInbox', 'readNotification', 'readStream'] as const satisfies readonly CallName[];
/**
 * What may be lost with a crash of the server. Until a notification is routed, the log is what keeps it: its jobs are appended after `beginAccept` and before anybody is
 * told that it was accepted, and the router makes the row where it is missing. A delivery that is `stored` again rises with the next fact about it.
 */
const RELAXED = ['beginAccept', 'markAccepted', 'markSent'] as const satisfies readonly CallName[];

const MODES: ReadonlyMap<CallName, TransactionMode> = new Map<CallName, TransactionMode>([
  ...STATEMENTS.map((name) => [name, 'statements'] as const),
  ...SNAPSHOTS.map((name) => [name, 'snapshot'] as const),
  ...RELAXED.map((name) => [name, 'relaxed'] as const),
]);

/** Calls of one batch method on their way at a time. More would make the batches smaller and wait for each other's users. */
const MAX_RUNNING = 3;

/**
 * The store in PostgreSQL (15 and newer), for any number of processes. Makes or updates its tables first. Rejects with an `UnavailableError` where the server
 * cannot be reached or cannot work now, and with a plain error where trying again would not help: no such database, no permission, tables of a newer release.
 */
export async function createPostgresStore(options: PostgresStoreOptions): Promise<Store> {
  const { schema = 'belfry', clock } = options;
  checkOptions(options);
  const pool = createPostgresPool({ ...options, schema });
  const run = createTransactionRunner(pool, options);
  async function call<N extends CallName>(name: N, ...args: CallArgs<N>): Promise<CallResult<N>> {
    const query = storeMethods[name] as unknown as (
      context: QueryContext,
      ...args: CallArgs<N>
    ) => Promise<CallResult<N>>;
    try {
      return await run(MODES.get(name) ?? 'transaction', ({ db, run: runStatement }, finish) =>
        query({ db, run: runStatement, finish, dialect: postgresDialect, nowMs: clock.nowMs() }, ...args),
      );
    } catch (error) {
      throw toStoreError(error);
    }
  }
  try {
    await prepareSchema(pool, schema);
  } catch (error) {
    await pool.close();
    throw refusalOf(error) ?? toStoreError(error);
  }
  return closable(createStoreClient(call, MAX_RUNNING), () => pool.close());
}

function checkOptions({ schema = 'belfry', poolSize }: PostgresStoreOptions): void {
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(schema)) {
    throw new RangeError(
      `schema must be 1–63 lower-case letters, digits and underscores, got ${JSON.stringify(schema)}`,
    );
  }
  if (!Number.isInteger(poolSize) || poolSize < 1 || poolSize > 1_000) {
    throw new RangeError(`poolSize must be an integer from 1 to 1,000, got ${poolSize}`);
  }
}

function toStoreError(error: unknown): unknown {
  return isOutage(error) ? new UnavailableError('store-unavailable', error.message, { cause: error }) : error;
}
