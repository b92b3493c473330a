import { getCompileCacheDir } from 'node:module';
import { dirname } from 'node:path';
import { Worker } from 'node:worker_threads';
import {
  type ThreadAnswer,
  type ThreadCall,
  ThreadError,
  type ThreadReply,
  type ThreadRequest,
  type ThreadStart,
  toThreadFailure,
} from './thread-messages.ts';
import type { ThreadMethods, ThreadResult } from './thread-methods.ts';

export type ThreadClientOptions = {
  /** The worker's entry file, which calls `createThreadServer`: `new URL('./x-thread.ts', import.meta.url)`. */
  readonly entry: URL;
  /** Handed to the server's `start`; must survive structured clone. */
  readonly data: unknown;
  /** Shown by debuggers and profilers. */
  readonly name: string;
  /** The thread ended although nobody closed it: an infrastructure failure. Calls that waited have been rejected before. */
  readonly onDeath: (error: Error) => void;
};

export type ThreadClient<Methods extends ThreadMethods> = {
  /**
   * Runs a method in the thread and resolves after the commit of its batch. Rejects with a `ThreadError`. Calls of one event-loop turn
   * cross together and run in the order they were made. `transfer` hands buffers among `args` over instead of copying them.
   */
  call<Name extends keyof Methods & string>(
    name: Name,
    args: Parameters<Methods[Name]>,
    transfer?: readonly ArrayBuffer[],
  ): Promise<ThreadResult<Methods[Name]>>;
  /** Resolves when the calls made before have been answered, the database is closed and the thread has ended. */
  close(): Promise<void>;
};

/** Starts the thread and resolves when it is ready. Rejects with what its `start` threw. */
export async function createThreadClient<Methods extends ThreadMethods>(
  options: ThreadClientOptions,
): Promise<ThreadClient<Methods>> {
  // Node puts the caches of its versions side by side in the folder that it is given.
  const cacheOfVersion = getCompileCacheDir();
  const compileCache = cacheOfVersion === undefined ? undefined : dirname(cacheOfVersion);
  const start: ThreadStart = { entry: options.entry.href, compileCache, data: options.data };
  const worker = new Worker(new URL('./thread-boot.js', import.meta.url), { workerData: start, name: options.name });
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  const ready = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  let state: 'starting' | 'open' | 'closing' | 'ended' = 'starting';
  let startFailure: Error | undefined;
  let cause: Error | undefined;
  let nextId = 0;
  let outgoing: ThreadCall[] = [];
  let transfers: ArrayBuffer[] = [];

  worker.on('message', (reply: ThreadReply) => {
    if (reply.kind === 'answers') settle(reply.answers);
    else if (reply.kind === 'failed') startFailure = new ThreadError(reply.failure);
    else {
      state = 'open';
      ready.resolve();
    }
  });
  worker.on('error', (thrown) => {
    cause = thrown instanceof Error ? thrown : new Error(String(thrown));
  });
  worker.on('exit', (exitCode) => {
    const died = state === 'open' || waiting.size > 0;
    state = 'ended';
    const error = endError(
      'thread-died',
      `the ${options.name} thread ended (${cause?.message ?? `exit code ${exitCode}`})`,
    );
    error.cause = cause;
    // Only now that the thread has let go of its files: the caller may try again at once.
    ready.reject(startFailure ?? error);
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
    ended.resolve();
    if (died) options.onDeath(error);
  });

  function settle(answers: readonly ThreadAnswer[]): void {
    for (const answer of answers) {
      const call = waiting.get(answer[0]);
      waiting.delete(answer[0]);
      if (answer[1]) call?.resolve(answer[2]);
      else call?.reject(new ThreadError(answer[2]));
    }
  }

  function flush(): void {
    if (outgoing.length === 0) return;
    const calls = outgoing;
    const buffers = transfers;
    outgoing = [];
    transfers = [];
    try {
      worker.postMessage({ calls } satisfies ThreadRequest, buffers);
    } catch (thrown) {
      // An argument that cannot be cloned: nothing of this message has crossed.
      const failure = toThreadFailure(thrown);
      settle(calls.map(([id]) => [id, false, failure]));
    }
  }

  await ready.promise;
  return {
    call(name, args, transfer = []) {
      if (state !== 'open') {
        return Promise.reject(endError('thread-closed', `the ${options.name} thread is closed`));
      }
      return new Promise((resolve, reject) => {
        const id = nextId++;
        waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
        outgoing.push([id, name, args]);
        transfers.push(...transfer);
        // The end of this turn: everything that this turn's sockets asked for crosses as one message.
        if (outgoing.length === 1) setImmediate(flush);
      });
    },
    close() {
      if (state === 'open') {
        state = 'closing';
        flush();
        worker.postMessage({ calls: [], close: true } satisfies ThreadRequest);
      }
      return ended.promise;
    },
  };
}

function endError(code: string, message: string): ThreadError {
  return new ThreadError({
    name: 'ThreadError',
    message,
    code,
    sqliteCode: undefined,
    stack: undefined,
    detail: undefined,
  });
}
