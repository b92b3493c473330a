import { setTimeout as pause } from 'node:timers/promises';
import { type LiveClient, openWebSocket } from './live-client.ts';

export type ResumingClient = {
  /** Ids in the order of their first arrival. */
  readonly ids: readonly string[];
  /** Messages that had arrived before: what a client that dedupes never shows. */
  duplicates(): number;
  /** Times that the server said that history does not reach back to the cursor. */
  unrecovered(): number;
  close(): void;
};

const RECONNECT_PAUSE_MS = 50;

/** Comes back with its last cursor whenever the connection ends, until it is closed. */
export async function openResumingClient(url: string, user: string): Promise<ResumingClient> {
  const ids: string[] = [];
  const seen = new Set<string>();
  let duplicates = 0;
  let unrecovered = 0;
  let closed = false;
  let current: LiveClient | undefined;
  let cursor: string | undefined;

  const take = (client: LiveClient): void => {
    for (const { id } of client.received) {
      if (seen.has(id)) {
        duplicates++;
      } else {
        seen.add(id);
        ids.push(id);
      }
    }
    cursor = client.received.at(-1)?.cursor ?? client.hello.cursor;
  };

  const connect = async (): Promise<LiveClient> => {
    for (;;) {
      try {
        const client = await openWebSocket(url, user, cursor);
        if (cursor !== undefined && !client.hello.recovered) unrecovered++;
        return client;
      } catch (error) {
        if (closed) throw error;
        await pause(RECONNECT_PAUSE_MS);
      }
    }
  };

  current = await connect();
  cursor = current.hello.cursor;
  const keepOn = async (): Promise<void> => {
    while (!closed && current !== undefined) {
      await current.closed;
      take(current);
      current = closed ? undefined : await connect().catch(() => undefined);
    }
  };
  void keepOn();

  return {
    get ids() {
      const live = current === undefined ? [] : current.received.map((each) => each.id).filter((id) => !seen.has(id));
      return [...ids, ...live];
    },
    duplicates: () => duplicates,
    unrecovered: () => unrecovered,
    close: () => {
      closed = true;
      current?.close();
    },
  };
}
