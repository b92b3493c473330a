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
};

/** An error thrown by a method in the thread, or the thread's own end. `name`, `message` and `stack` are the original's. */
export class ThreadError extends Error {
  /** The original's `code`; `thread-died` when the thread ended under the call, `thread-closed` for a call after `close`. */
  readonly code: string | undefined;
  /** SQLite's extended result code where SQLite threw. */
  readonly sqliteCode: number | undefined;

  constructor(failure: ThreadFailure) {
    super(failure.message);
    this.name = failure.name;
    this.code = failure.code;
    this.sqliteCode = failure.sqliteCode;
    if (failure.stack !== undefined) this.stack = failure.stack;
  }
}

export function toThreadFailure(thrown: unknown): ThreadFailure {
  if (!(thrown instanceof Error)) {
    return { name: 'Error', message: String(thrown), code: undefined, sqliteCode: undefined, stack: undefined };
  }
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined;
  return { name: thrown.name, message: thrown.message, code, sqliteCode: sqliteCodeOf(thrown), stack: thrown.stack };
}

/** SQLite's extended result code of an error that `node:sqlite` threw. Its low byte is the primary code. */
export function sqliteCodeOf(thrown: unknown): number | undefined {
  if (thrown instanceof Error && 'errcode' in thrown && typeof thrown.errcode === 'number') return thrown.errcode;
  return undefined;
}
