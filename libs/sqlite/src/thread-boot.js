// Plain JavaScript: what strips types from TypeScript takes longer to load than the cache saves.
import { enableCompileCache, flushCompileCache } from 'node:module';
import { workerData } from 'node:worker_threads';

/**
 * The first module of every thread. A thread does not take part in the compile cache of who started it, and without one half of its start goes into stripping the
 * types of its modules. The cache has to be on before the first of them is loaded.
 */
const { entry, compileCache } = /** @type {import('./thread-messages.ts').ThreadStart} */ (workerData);
if (compileCache !== undefined) enableCompileCache(compileCache);
await import(entry);
// Not only at the end, which a process that is killed does not have.
if (compileCache !== undefined) flushCompileCache();
