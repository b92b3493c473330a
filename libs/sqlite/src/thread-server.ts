import type { DatabaseSync } from 'node:sqlite';
import { type MessagePort, parentPort, receiveMessageOnPort } from 'node:worker_threads';
import { runCalls } from './run-calls.ts';
import { type ThreadBegin, type ThreadReply, type ThreadRequest, toThreadFailure } from './thread-messages.ts';
import type { ThreadMethods } from './thread-methods.ts';

export type ThreadService = {
  readonly database: DatabaseSync;
  readonly methods: ThreadMethods;
  /** Called after each commit, before its calls are answered. */
  readonly onCommitted?: () => void;
  /** Called when something the methods wrote was undone: drop what was kept in memory about it. */
  readonly onUndo?: () => void;
  /** Called after the last batch and before the database is closed. */
  readonly close?: () => void;
};

/**
 * The body of a worker thread that owns a database. `start` gets the client's `data`; what it throws rejects `createThreadClient`.
 *
 * Group commit: all calls that have arrived run in one transaction, each in a savepoint of its own, so that a call which throws undoes only
 * itself; they are answered together after the commit. A method must not begin or end a transaction.
 */
export function createThreadServer<Data>(start: (data: Data) => ThreadService | Promise<ThreadService>): void {
  if (parentPort === null) throw new Error('createThreadServer must run in a worker thread');
  const port = parentPort;
  const queue: ThreadRequest[] = [];
  const begun = Promise.withResolvers<Data>();
  let wake = () => {};
  // Listens from the start: a message that nobody listens for would keep the port from starting.
  port.on('message', (message: ThreadBegin | ThreadRequest) => {
    if ('data' in message) begun.resolve(message.data as Data);
    else queue.push(message);
    wake();
  });
  const reply = (message: ThreadReply, buffers: ArrayBuffer[] = []) => port.postMessage(message, buffers);
  const run = async () => {
    let service: ThreadService;
    try {
      service = await start(await begun.promise);
    } catch (thrown) {
      reply({ kind: 'failed', failure: toThreadFailure(thrown) });
      port.close();
      return;
    }
    reply({ kind: 'ready' });
    while (true) {
      const { calls, close } = takeArrived(port, queue);
      if (calls.length > 0) {
        const { answers, buffers, fatal } = await runCalls(service, calls);
        reply({ kind: 'answers', answers }, buffers);
        // A failed fsync leaves unknown what is on the disk, and a second fsync would report success: never go on.
        if (fatal !== undefined) throw fatal;
      } else if (!close) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          if (queue.length > 0) resolve();
        });
      }
      if (close) break;
    }
    service.close?.();
    service.database.close();
    port.close();
  };
  void run();
}

/** Everything that waits, also what the event loop has not delivered yet: the larger a batch, the fewer fsyncs. */
function takeArrived(port: MessagePort, queue: ThreadRequest[]): { calls: ThreadRequest['calls']; close: boolean } {
  for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
    queue.push(next.message as ThreadRequest);
  }
  const requests = queue.splice(0);
  const [only] = requests;
  return {
    calls: requests.length === 1 && only !== undefined ? only.calls : requests.flatMap((request) => request.calls),
    close: requests.some((request) => request.close === true),
  };
}
