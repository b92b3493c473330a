import type { PreparedThread } from './prepare-thread.ts';
import {
  type ThreadAnswer,
  type ThreadBegin,
  type ThreadCall,
  ThreadError,
  type ThreadReply,
  type ThreadRequest,
  toThreadFailure,
} from './thread-messages.ts';
import type { ThreadMethods, ThreadResult } from './thread-methods.ts';

export type ThreadClientOptions = {
  /** From `prepareThread`, for this client alone. */
  readonly thread: PreparedThread;
  /** Handed to the server's `start`; must survive structured clone. */
  readonly data: unknown;
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

/** Gives the thread its data and resolves when it is ready. Rejects with what its `start` threw. */
export async function createThreadClient<Methods extends ThreadMethods>(
  options: ThreadClientOptions,
): Promise<ThreadClient<Methods>> {
  const { worker, name } = options.thread;
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  const ready = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  let state: 'starting' | 'open' | 'closing' | 'ended' = 'starting';
  let startFailure: Error | undefined;
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
  void options.thread.ended.then(({ exitCode, cause }) => {
    const died = state === 'open' || waiting.size > 0;
    state = 'ended';
    const error = endError('thread-died', `the ${name} thread ended (${cause?.message ?? `exit code ${exitCode}`})`);
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

  worker.ref();
  worker.postMessage({ data: options.data } satisfies ThreadBegin);
  await ready.promise;
  return {
    call(name, args, transfer = []) {
      if (state !== 'open') {
        return Promise.reject(endError('thread-closed', `the ${name} thread is closed`));
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
