import { type PreparedThread, prepareThread } from '@belfry/sqlite';

/** The thread of a store: a process that does not know its directory yet lets it load its 300 modules while it loads its own. */
export function prepareStoreThread(): PreparedThread {
  return prepareThread(new URL('./store-thread.ts', import.meta.url), 'belfry-store');
}
