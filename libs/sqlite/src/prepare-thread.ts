import { getCompileCacheDir } from 'node:module';
import { dirname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { ThreadStart } from './thread-messages.ts';

/** A thread that loads its modules while nobody may know its data yet. It keeps no process alive until a client is made of it. */
export type PreparedThread = {
  readonly name: string;
  readonly worker: Worker;
  readonly ended: Promise<ThreadEnd>;
};

/** `cause`: what it threw, where it did. */
export type ThreadEnd = { readonly exitCode: number; readonly cause: Error | undefined };

/**
 * Starts a thread. `entry` is its file, which calls `createThreadServer`: `new URL('./x-thread.ts', import.meta.url)`; `name` is shown by debuggers and profilers.
 */
export function prepareThread(entry: URL, name: string): PreparedThread {
  // Node puts the caches of its versions side by side in the folder that it is given.
  const cacheOfVersion = getCompileCacheDir();
  const compileCache = cacheOfVersion === undefined ? undefined : dirname(cacheOfVersion);
  const start: ThreadStart = { entry: entry.href, compileCache };
  const worker = new Worker(new URL('./thread-boot.js', import.meta.url), { workerData: start, name });
  let cause: Error | undefined;
  worker.on('error', (thrown) => {
    cause = thrown instanceof Error ? thrown : new Error(String(thrown));
  });
  const ended = new Promise<ThreadEnd>((resolve) => {
    worker.on('exit', (exitCode) => resolve({ exitCode, cause }));
  });
  worker.unref();
  return { name, worker, ended };
}
