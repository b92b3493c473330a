export { type DirectoryLock, DirectoryLockedError, lockDirectory } from './directory-lock.ts';
export { type OpenDatabaseOptions, openDatabase } from './open-database.ts';
export { type PreparedThread, prepareThread } from './prepare-thread.ts';
export { createThreadClient, type ThreadClient, type ThreadClientOptions } from './thread-client.ts';
export { sqliteCodeOf, ThreadError } from './thread-messages.ts';
export { type ThreadMethods, type ThreadResult, Transfer } from './thread-methods.ts';
export { createThreadServer, type ThreadService } from './thread-server.ts';
