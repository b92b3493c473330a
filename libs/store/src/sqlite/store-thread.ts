import { join } from 'node:path';
import { createThreadServer, openDatabase, type ThreadMethods } from '@belfry/sqlite';
import { type StoreMethods, storeMethods } from '../store-methods.ts';
import { openStoreDatabase } from './open-store-database.ts';
import { sqliteDialect } from './sqlite-dialect.ts';

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
  const database = openDatabase({ path: join(directory, 'store.db') });
  try {
    const db = await openStoreDatabase(database);
    const methods: { [name: string]: ThreadMethods[string] } = {};
    for (const [name, query] of Object.entries(storeMethods)) {
      methods[name] = (nowMs: number, ...args: never[]) =>
        (query as (...args: unknown[]) => unknown)({ db, dialect: sqliteDialect, nowMs }, ...args);
    }
    return { database, methods };
  } catch (error) {
    database.close();
    throw error;
  }
});
