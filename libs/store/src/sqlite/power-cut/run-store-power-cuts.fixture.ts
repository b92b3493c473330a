import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Store } from '@belfry/core/store/store';
import { openDatabase } from '@belfry/sqlite';
import { type PowerCutOptions, type PowerCutReport, runPowerCuts } from '@belfry/testing/power-cut/run-power-cuts';
import { type CallArgs, type CallName, type CallResult, createStoreClient } from '../../store-client.ts';
import { storeMethods } from '../../store-methods.ts';
import { createSqliteStore } from '../create-sqlite-store.ts';
import { openStoreDatabase } from '../open-store-database.ts';
import { faultsOfStore } from './check-image.fixture.ts';
import { type Ack, LOOK_LATER_MS } from './workload.fixture.ts';

export type StorePowerCutOptions = Pick<PowerCutOptions, 'directory' | 'random' | 'cuts' | 'obeys'> & {
  /** Times that the recorded process opens and closes the store. */
  readonly rounds: number;
  /** Notifications that it accepts, routes and settles in each. */
  readonly notifications: number;
};

/** Starting the store's thread costs more than all of the looking; what it adds is seen often enough. */
const WHOLE_STORE_EVERY = 20;

/** Cuts the power of a process that accepts, routes and settles. */
export function runStorePowerCuts({
  rounds,
  notifications,
  ...options
}: StorePowerCutOptions): Promise<PowerCutReport> {
  const program = fileURLToPath(new URL('./settle-rounds.fixture.ts', import.meta.url));
  return runPowerCuts({
    ...options,
    program: (folder, acks) => [program, folder, acks, String(rounds), String(notifications)],
    async check(folder, lines, image) {
      const acks = lines.map((line) => JSON.parse(line) as Ack);
      try {
        return await (image % WHOLE_STORE_EVERY === 0 ? checkWhole : checkInProcess)(folder, acks);
      } catch (error) {
        return [`it does not open: ${String(error)}`];
      }
    },
  });
}

async function checkWhole(directory: string, acks: readonly Ack[]): Promise<readonly string[]> {
  const onFatal = (error: Error): never => {
    throw error;
  };
  const store = await createSqliteStore({ directory, clock: { nowMs: later }, onFatal });
  try {
    return await faultsOfStore(store, acks);
  } finally {
    await store.close();
  }
}

/** The same database and queries as in the store's thread, without the thread. */
async function checkInProcess(directory: string, acks: readonly Ack[]): Promise<readonly string[]> {
  const database = openDatabase({ path: join(directory, 'store.db') });
  try {
    const context = await openStoreDatabase(database);
    const call = async <N extends CallName>(name: N, ...args: CallArgs<N>): Promise<CallResult<N>> => {
      database.exec('begin');
      const query = storeMethods[name] as (...given: unknown[]) => Promise<CallResult<N>>;
      const result = await query({ ...context, nowMs: later() }, ...args);
      database.exec('commit');
      return result;
    };
    const store: Omit<Store, 'close'> = createStoreClient(call, 1);
    const damage = database.prepare('pragma integrity_check').all();
    return [
      ...damage.flatMap(({ integrity_check: found }) => (found === 'ok' ? [] : [`it is damaged: ${String(found)}`])),
      ...(await faultsOfStore(store, acks)),
    ];
  } finally {
    database.close();
  }
}

function later(): number {
  return Date.now() + LOOK_LATER_MS;
}
