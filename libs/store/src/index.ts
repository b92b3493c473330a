export { createPostgresStore, type PostgresStoreOptions } from './postgres/create-postgres-store.ts';
export type { PostgresLogger } from './postgres/postgres-logger.ts';
export type { PostgresTls } from './postgres/postgres-pool.ts';
export { createSqliteStore, type SqliteStoreOptions } from './sqlite/create-sqlite-store.ts';
