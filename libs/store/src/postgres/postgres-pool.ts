import type { Writable } from 'node:stream';
import type { Clock } from '@belfry/core/clock';
import { Kysely, PostgresDialect } from 'kysely';
import { type ClientBase, DatabaseError, Pool, type PoolClient, type QueryConfig } from 'pg';
import type { RunStatement } from '../query-context.ts';
import type { Schema } from '../schema.ts';
import { toStorable } from './postgres-dialect.ts';
import { ConnectionFailure, isStalePlan } from './postgres-errors.ts';
import type { PostgresLogger } from './postgres-logger.ts';
import { createTypeParsers } from './postgres-types.ts';
import { STATEMENT_TIMEOUT_MS, sessionSettings } from './session-settings.ts';

export type PostgresTls = {
  /** PEM. Without `ca` the system's authorities are trusted. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** False takes any certificate: encryption without knowing to whom. Default true. */
  readonly rejectUnauthorized?: boolean;
};

export type PostgresPoolOptions = {
  readonly url: string;
  readonly schema: string;
  /** Connections at most; 1–1,000. */
  readonly poolSize: number;
  readonly tls?: PostgresTls;
  /** The store's clock, which the server's is compared with. */
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly logger?: PostgresLogger;
};

export type PostgresConnection = {
  /** Statements on this connection. Kysely's own `transaction()` must not be used. */
  readonly db: Kysely<Schema>;
  /** Statements of one turn of the event loop travel together, and the server works them off in their order. */
  readonly run: RunStatement;
  /** Runs statements without parameters, several with semicolons between them: `begin`, `commit`. Sent before it returns, like those of `run`. */
  execute(statements: string): Promise<void>;
};

export type PostgresPool = {
  /** Runs `work` with a connection of its own; one on which anything failed in an unknown way is thrown away. Rejects with `ConnectionFailure` where there is none. */
  withConnection<Result>(work: (connection: PostgresConnection) => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
};

/** To connect, or to get a connection when all are busy. */
const CONNECT_TIMEOUT_MS = 10_000;
/** The server ends a statement before that; this is for a server that went silent. */
const ANSWER_TIMEOUT_MS = STATEMENT_TIMEOUT_MS + 5_000;
const IDLE_MS = 60_000;
/** So that connections spread over the servers behind one name again after one of them was away. */
const MAX_LIFETIME_S = 1_800;
/** Statements of one store are a few dozen texts. Far above that, so that nothing can fill the server's memory. */
const MAX_PREPARED = 500;
/** Clocks kept by NTP differ by milliseconds, and the answer takes some. */
const MAX_SKEW_MS = 1_000;
const TRANSACTION_ABORTED = '25P02';

export function createPostgresPool(options: PostgresPoolOptions): PostgresPool {
  const { url, poolSize, tls, logger } = options;
  const connections = new WeakMap<PoolClient, PostgresConnection>();
  const nameStatement = createStatementNames();
  const pool = new Pool({
    connectionString: url,
    application_name: 'belfry',
    max: poolSize,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: ANSWER_TIMEOUT_MS,
    idleTimeoutMillis: IDLE_MS,
    maxLifetimeSeconds: MAX_LIFETIME_S,
    keepAlive: true,
    pipeline: true,
    types: createTypeParsers(),
    // Runs on each new connection before its first use.
    verify: (client, done) => void prepareSession(client, options).then(() => done(), done),
    ...(tls === undefined ? {} : { ssl: { ...tls } }),
  });
  // A connection that breaks while nobody uses it; the pool has dropped it already.
  pool.on('error', (error) => logger?.warn({ error: error.message }, 'a connection to PostgreSQL broke'));
  // While it is used, the statement on it fails, which tells whoever waits.
  pool.on('connect', (client) => client.on('error', () => {}));

  async function acquire(): Promise<PoolClient> {
    try {
      return await pool.connect();
    } catch (error) {
      throw new ConnectionFailure(error);
    }
  }

  return {
    async withConnection(work) {
      const client = await acquire();
      let connection = connections.get(client);
      if (connection === undefined) {
        connection = toConnection(client, nameStatement);
        connections.set(client, connection);
      }
      let broken = false;
      try {
        return await work(connection);
      } catch (error) {
        broken = error instanceof ConnectionFailure || isStalePlan(error);
        throw error;
      } finally {
        client.release(broken);
      }
    },
    close: () => pool.end(),
  };
}

async function prepareSession(client: ClientBase, { schema, clock, logger }: PostgresPoolOptions): Promise<void> {
  const settings = Object.entries(sessionSettings(schema));
  const calls = settings.map((_, index) => `set_config($${index * 2 + 1}, $${index * 2 + 2}, false)`);
  const { rows } = await client.query<{ readOnly: string; serverMs: number }>(
    // What is answered must be durable, whatever the server's default for others is.
    `select ${calls.join(', ')}, current_setting('transaction_read_only') as "readOnly",
      (extract(epoch from clock_timestamp()) * 1000)::bigint as "serverMs",
      set_config('synchronous_commit', replace(current_setting('synchronous_commit'), 'off', 'on'), false)`,
    settings.flat(),
  );
  const [server] = rows;
  // A standby would answer with what was true some time ago.
  if (server === undefined || server.readOnly === 'on') throw new Error('the PostgreSQL server is read-only');
  const aheadMs = clock.nowMs() - server.serverMs;
  if (Math.abs(aheadMs) > MAX_SKEW_MS) {
    logger?.warn(
      { aheadMs },
      'the clocks of this process and of PostgreSQL differ: waits fall due early or late by as much',
    );
  }
}

function toConnection(client: PoolClient, nameStatement: (text: string) => string | undefined): PostgresConnection {
  let failure: DatabaseError | undefined;
  const gather = createGathering(client);
  const send = async (query: QueryConfig) => {
    gather();
    try {
      return await client.query(query);
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw new ConnectionFailure(error);
      // What aborted the transaction, not that it was.
      if (error.code === TRANSACTION_ABORTED && failure !== undefined) throw failure;
      failure = error;
      throw error;
    }
  };
  const query = (text: string, parameters: readonly unknown[] = []) => {
    const name = nameStatement(text);
    const values = parameters.map((value) => (typeof value === 'string' ? toStorable(value) : value));
    return send({ text, values, ...(name === undefined ? {} : { name }) });
  };
  const lease = { query, release: () => {} };
  const dialect = new PostgresDialect({ pool: { connect: async () => lease as never, end: async () => {} } as never });
  return {
    db: new Kysely<Schema>({ dialect }),
    run: async (text, parameters) => (await query(text, parameters)).rows,
    async execute(statements) {
      await send({ text: statements });
    },
  };
}

/** The client's socket, which its types do not show. */
type WithSocket = { readonly connection: { readonly stream: Pick<Writable, 'cork' | 'uncork'> } };

/** Call before a statement is sent: what is sent until the end of the microtask goes out as one packet, which is one wake-up of the server instead of one for each. */
function createGathering(client: PoolClient): () => void {
  const { stream } = (client as unknown as WithSocket).connection;
  let gathering = false;
  return () => {
    if (gathering) return;
    gathering = true;
    stream.cork();
    queueMicrotask(() => {
      gathering = false;
      stream.uncork();
    });
  };
}

/** A prepared statement is parsed and planned once a connection. */
function createStatementNames(): (text: string) => string | undefined {
  const names = new Map<string, string>();
  return (text) => {
    const known = names.get(text);
    if (known !== undefined || names.size >= MAX_PREPARED) return known;
    const name = `belfry-${names.size}`;
    names.set(text, name);
    return name;
  };
}
