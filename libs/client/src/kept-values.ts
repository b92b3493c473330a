import type { BelfryClientOptions } from './client-options.ts';

/** What the client keeps of a user over reloads. */
export type KeptValues = {
  /** `account` is undefined where nobody can say before a connection whose it will be. */
  get(name: KeptName, account: string | undefined): string | undefined;
  /** undefined removes it. */
  set(name: KeptName, account: string | undefined, value: string | undefined): void;
};

type KeptName = 'cursor' | 'webpush';

/** One storage serves whoever signs in on this page, so each account has keys of its own. Where it is full or forbidden, values are kept in memory until the page ends. */
export function createKeptValues(storage: BelfryClientOptions['storage'], baseUrl: string): KeptValues {
  const known = new Map<string, string | undefined>();
  const keyOf = (name: KeptName, account = ''): string => `belfry:${name}:${baseUrl}:${account}`;
  const read = (key: string): string | undefined => {
    try {
      return storage?.getItem(key) ?? undefined;
    } catch {
      return undefined;
    }
  };
  return {
    get(name, account) {
      const key = keyOf(name, account);
      if (!known.has(key)) known.set(key, read(key));
      return known.get(key);
    },
    set(name, account, value) {
      const key = keyOf(name, account);
      known.set(key, value);
      try {
        if (value === undefined) storage?.removeItem(key);
        else storage?.setItem(key, value);
      } catch {
        // Kept in memory.
      }
    },
  };
}
