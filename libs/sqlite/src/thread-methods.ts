/** What a thread offers. Synchronous methods are the fast case; a promise is awaited before the next call of the batch begins. */
export type ThreadMethods = { readonly [name: string]: (...args: never[]) => unknown };

/** What the caller of a method gets: promises and transfers are unwrapped. */
export type ThreadResult<Method extends (...args: never[]) => unknown> =
  Awaited<ReturnType<Method>> extends Transfer<infer Value> ? Value : Awaited<ReturnType<Method>>;

/** A result whose buffers are handed over instead of copied. */
export class Transfer<Value> {
  readonly value: Value;
  readonly buffers: readonly ArrayBuffer[];

  constructor(value: Value, buffers: readonly ArrayBuffer[]) {
    this.value = value;
    this.buffers = buffers;
  }
}
