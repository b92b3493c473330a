import { join } from 'node:path';
import { createThreadServer, openDatabase, type ThreadMethods } from '@belfry/sqlite';
import { type StoreMethods, storeMethods } from '../store-methods.ts';
import { openStoreDatabase } from './open-store-database.ts';

/** 32 MiB of WAL: rows of one notification are written at several times, and a page that is written often is carried over once. */
const CHECKPOINT_PAGES = 8_000;
const CACHE_KIB = 64 * 1_024;

/** Handed to the thread when it starts. */
export type StoreThreadData = { readonly directory: string };

/** The queries as the thread offers them: each call brings the time at which it is made, since a clock cannot cross. */
export type StoreThreadMethods = {
  readonly [Name in keyof StoreMethods]: StoreMethods[Name] extends (
    context: never,
    ...args: infer Args
  ) => infer Result
    ? (nowMs: number, ...args: Args) => Result
    : never;
};

createThreadServer(async ({ directory }: StoreThreadData) => {
  const database = openDatabase({ path: join(directory, 'store.db'), checkpointPages: CHECKPOINT_PAGES });
  try {
    // The upper levels and the busy leaves of every tree; SQLite's own 2 MiB would read them again and again.
    database.exec(`pragma cache_size = -${CACHE_KIB}`);
    const context = await openStoreDatabase(database);
    const methods: { [name: string]: ThreadMethods[string] } = {};
    for (const [name, query] of Object.entries(storeMethods)) {
      methods[name] = (nowMs: number, ...args: never[]) =>
        (query as (...args: unknown[]) => unknown)({ ...context, nowMs }, ...args);
    }
    return { database, methods };
  } catch (error) {
    database.close();
    throw error;
  }
});
