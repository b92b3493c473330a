import type { HelloFrame } from '@belfry/protocol/frames';
import type { KeptValues } from './kept-values.ts';

/** Where the client is, and in whose stream. */
export type StreamPosition = {
  /** Before a connection with a credential of this account: the cursor to resume from. */
  ask(account: string | undefined): string | undefined;
  /** `hello` came. What was asked for counts as recovered only in the stream that it is from. */
  begin(hello: HelloFrame): { readonly recovered: boolean; readonly isOtherStream: boolean };
  /** Everything up to this cursor was handled. */
  moveTo(cursor: string): void;
  /** Whose stream it is; undefined before the first `hello`. */
  user(): string | undefined;
};

type Place = { readonly stream: string; readonly cursor: string };

/**
 * A cursor is an offset in one user's stream and fits into every other one. Which stream a connection has got, only the gateway knows: a ticket does not show
 * it, and a page may bring the credential of whoever has signed in meanwhile. So a cursor is kept with the stream that its `hello` named.
 */
export function createStreamPosition(kept: KeptValues): StreamPosition {
  let account: string | undefined;
  let asked: Place | undefined;
  let stream: string | undefined;
  let owner: string | undefined;

  const moveTo = (cursor: string): void => {
    if (stream !== undefined) kept.set('cursor', account, JSON.stringify({ stream, cursor } satisfies Place));
  };

  return {
    ask(next) {
      account = next;
      asked = parsePlace(kept.get('cursor', account));
      return asked?.cursor;
    },
    begin({ tenant, user, cursor, recovered }) {
      const current = `${encodeURIComponent(tenant)}/${encodeURIComponent(user)}`;
      const isOtherStream = stream !== undefined && stream !== current;
      const isOwnCursor = asked === undefined || asked.stream === current;
      stream = current;
      owner = user;
      moveTo(cursor);
      return { recovered: recovered && isOwnCursor && !isOtherStream, isOtherStream };
    },
    moveTo,
    user: () => owner,
  };
}

/** undefined where the storage has something else under this key. */
function parsePlace(text: string | undefined): Place | undefined {
  if (text === undefined) return undefined;
  try {
    const value: Partial<Place> | null = JSON.parse(text);
    if (typeof value?.stream !== 'string' || typeof value.cursor !== 'string') return undefined;
    return { stream: value.stream, cursor: value.cursor };
  } catch {
    return undefined;
  }
}
