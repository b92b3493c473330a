/** What the thread is started with. */
export type ThreadStart = {
  /** URL of the module that calls `createThreadServer`. */
  readonly entry: string;
  /** Folder of the compile cache; undefined where the process uses none. */
  readonly compileCache: string | undefined;
};

/** The first message: `data` is for the server's `start`. */
export type ThreadBegin = { readonly data: unknown };

/** What crosses between `thread-client.ts` and `thread-server.ts`. Arrays instead of objects: they are cloned for every call. */
export type ThreadCall = readonly [id: number, method: string, args: readonly unknown[]];

export type ThreadRequest = { readonly calls: readonly ThreadCall[]; readonly close?: true };

export type ThreadAnswer =
  | readonly [id: number, succeeded: true, value: unknown]
  | readonly [number, false, ThreadFailure];

export type ThreadReply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly failure: ThreadFailure }
  | { readonly kind: 'answers'; readonly answers: readonly ThreadAnswer[] };

/** An error in a form that survives the crossing: structured clone keeps neither `code` nor a subclass's `name`. */
export type ThreadFailure = {
  readonly name: string;
  readonly message: string;
  readonly code: string | undefined;
  readonly sqliteCode: number | undefined;
  readonly stack: string | undefined;
  readonly detail: unknown;
};

/** An error thrown by a method in the thread, or the thread's own end. `name`, `message` and `stack` are the original's. */
export class ThreadError extends Error {
  /** The original's `code`; `thread-died` when the thread ended under the call, `thread-closed` for a call after `close`. */
  readonly code: string | undefined;
  /** SQLite's extended result code where SQLite threw. */
  readonly sqliteCode: number | undefined;
  /** The original's `detail`: facts about the failure that survive structured clone. */
  readonly detail: unknown;

  constructor(failure: ThreadFailure) {
    super(failure.message);
    this.name = failure.name;
    this.code = failure.code;
    this.sqliteCode = failure.sqliteCode;
    this.detail = failure.detail;
    if (failure.stack !== undefined) this.stack = failure.stack;
  }
}

export function toThreadFailure(thrown: unknown): ThreadFailure {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  return {
    name: error.name,
    message: error.message,
    code: 'code' in error && typeof error.code === 'string' ? error.code : undefined,
    sqliteCode: sqliteCodeOf(error),
    stack: error.stack,
    detail: 'detail' in error ? error.detail : undefined,
  };
}

/** SQLite's extended result code of an error that `node:sqlite` threw. Its low byte is the primary code. */
export function sqliteCodeOf(thrown: unknown): number | undefined {
  if (thrown instanceof Error && 'errcode' in thrown && typeof thrown.errcode === 'number') return thrown.errcode;
  return undefined;
}
