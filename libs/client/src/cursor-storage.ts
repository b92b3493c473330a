import type { BelfryClientOptions } from './client-options.ts';

/** Where the client is in the user's stream. */
export type CursorStorage = { get(): string | undefined; set(cursor: string): void };

/** Storage may be full or forbidden; the cursor is then kept in memory only, and a reload starts at the head. */
export function createCursorStorage(
  storage: BelfryClientOptions['storage'],
  baseUrl: string,
  user: string | undefined,
): CursorStorage {
  const key = `belfry:cursor:${baseUrl}:${user ?? ''}`;
  let cursor: string | undefined;
  try {
    cursor = storage?.getItem(key) ?? undefined;
  } catch {
    cursor = undefined;
  }
  return {
    get: () => cursor,
    set(value) {
      cursor = value;
      try {
        storage?.setItem(key, value);
      } catch {
        // Kept in memory.
      }
    },
  };
}
