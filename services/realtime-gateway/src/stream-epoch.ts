import type { UserStreamStore } from '@belfry/core/store/user-stream';

/** The store's epoch, remembered: it is part of every cursor and changes only when history was lost. */
export type StreamEpoch = {
  get(): Promise<string>;
  /** Reads it again. True when it is another one than before: every cursor given out here is void. */
  changed(): Promise<boolean>;
};

export function createStreamEpoch(store: Pick<UserStreamStore, 'epoch'>): StreamEpoch {
  let known: string | undefined;
  return {
    async get() {
      known ??= await store.epoch();
      return known;
    },
    async changed() {
      const before = known;
      known = await store.epoch();
      return before !== undefined && before !== known;
    },
  };
}
