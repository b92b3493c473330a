import type { DatabaseSync } from 'node:sqlite';
import { sqliteCodeOf, type ThreadAnswer, type ThreadCall, toThreadFailure } from './thread-messages.ts';
import { type ThreadMethods, Transfer } from './thread-methods.ts';
import type { ThreadService } from './thread-server.ts';

const SQLITE_IOERR = 10;
const SQLITE_FULL = 13;

/** One transaction of a thread server: runs calls, commits, and holds the answers that may be given only after that. */
export class CallBatch {
  answers: ThreadAnswer[] = [];
  /** Buffers that the answers hand over. */
  buffers: ArrayBuffer[] = [];
  /** Set where the disk failed: the thread must end after answering. */
  fatal: Error | undefined;
  /** Set where the disk or the file had no room, so that nothing of the batch was kept. */
  full = false;
  readonly #database: DatabaseSync;
  readonly #methods: ThreadMethods;
  readonly #onCommitted: () => void;
  readonly #onUndo: () => void;

  constructor(service: ThreadService) {
    this.#database = service.database;
    this.#methods = service.methods;
    this.#onCommitted = service.onCommitted ?? (() => {});
    this.#onUndo = service.onUndo ?? (() => {});
  }

  /** Returns a promise only where a method did, so that a batch of synchronous methods costs no turn of the event loop. Never throws. */
  run(calls: readonly ThreadCall[]): Promise<void> | undefined {
    try {
      this.#database.exec('begin');
    } catch (thrown) {
      this.#failAll(calls, thrown);
      return undefined;
    }
    return this.#runFrom(calls, 0);
  }

  #runFrom(calls: readonly ThreadCall[], first: number): Promise<void> | undefined {
    for (let index = first; index < calls.length; index++) {
      const call = calls[index];
      if (call === undefined) break;
      let result: unknown;
      try {
        this.#database.exec('savepoint call');
        result = this.#invoke(call);
      } catch (thrown) {
        if (!this.#undo(calls, call, thrown)) return undefined;
        continue;
      }
      if (result instanceof Promise) return this.#awaitResult(calls, index, call, result);
      if (!this.#keep(calls, call, result)) return undefined;
    }
    this.#commit(calls);
    return undefined;
  }

  async #awaitResult(calls: readonly ThreadCall[], index: number, call: ThreadCall, result: Promise<unknown>) {
    let goesOn: boolean;
    try {
      goesOn = this.#keep(calls, call, await result);
    } catch (thrown) {
      goesOn = this.#undo(calls, call, thrown);
    }
    if (goesOn) await this.#runFrom(calls, index + 1);
  }

  #invoke([, name, args]: ThreadCall): unknown {
    const method = Object.hasOwn(this.#methods, name) ? this.#methods[name] : undefined;
    if (method === undefined) throw new TypeError(`the thread has no method ${name}`);
    return method(...(args as never[]));
  }

  #keep(calls: readonly ThreadCall[], call: ThreadCall, result: unknown): boolean {
    try {
      this.#database.exec('release call');
    } catch (thrown) {
      return this.#undo(calls, call, thrown);
    }
    if (result instanceof Transfer) this.buffers.push(...result.buffers);
    this.answers.push([call[0], true, result instanceof Transfer ? result.value : result]);
    return true;
  }

  /** Returns false where the whole transaction is gone: SQLite itself rolls back on a full or failing disk. */
  #undo(calls: readonly ThreadCall[], call: ThreadCall, thrown: unknown): boolean {
    try {
      if (!this.#database.isTransaction) throw thrown;
      this.#database.exec('rollback to call; release call');
    } catch {
      this.#failAll(calls, thrown);
      return false;
    }
    this.#onUndo();
    this.answers.push([call[0], false, toThreadFailure(thrown)]);
    return true;
  }

  #commit(calls: readonly ThreadCall[]): void {
    try {
      this.#database.exec('commit');
      this.#onCommitted();
    } catch (thrown) {
      this.#failAll(calls, thrown);
    }
  }

  #failAll(calls: readonly ThreadCall[], thrown: unknown): void {
    const failure = toThreadFailure(thrown);
    this.answers = calls.map(([id]) => [id, false, failure]);
    this.buffers = [];
    const primaryCode = (sqliteCodeOf(thrown) ?? 0) & 0xff;
    this.full = primaryCode === SQLITE_FULL;
    if (primaryCode === SQLITE_IOERR) this.#end(thrown);
    try {
      if (this.#database.isTransaction) this.#database.exec('rollback');
    } catch (rollbackFailure) {
      this.#end(rollbackFailure);
    }
    this.#onUndo();
  }

  #end(thrown: unknown): void {
    this.fatal ??= thrown instanceof Error ? thrown : new Error(String(thrown));
  }
}
