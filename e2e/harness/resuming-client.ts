import { createBelfryClient } from '@belfry/client';
import { WebSocket } from 'ws';
import { userToken } from './user-token.ts';
import { waitUntil } from './wait-until.ts';

export type ResumingClient = {
  /** What the SDK showed, in that order, repetitions included: there must be none. */
  readonly ids: readonly string[];
  /** Messages on the wire that had arrived before: what the SDK's dedupe is there for. */
  duplicates(): number;
  /** Times that the server said that history does not reach back to the cursor. */
  unrecovered(): number;
  close(): void;
};

/** The browser SDK in Node, over `ws`. Resolves once it is connected: from then on it has a cursor, and misses nothing that is sent. */
export async function openResumingClient(url: string, user: string): Promise<ResumingClient> {
  const ids: string[] = [];
  const arrived = new Set<string>();
  let messages = 0;
  let connections = 0;
  let unrecovered = 0;

  class CountingWebSocket extends WebSocket {
    constructor(address: string) {
      super(address);
      this.on('message', (data) => {
        const frame = JSON.parse(String(data)) as { type: string; notification: { id: string } };
        if (frame.type !== 'notification') return;
        messages++;
        arrived.add(frame.notification.id);
      });
    }
  }
  const client = createBelfryClient({
    baseUrl: url,
    user,
    getToken: () => userToken(user),
    transport: 'websocket',
    // The process is killed again before the usual waits (500 ms to 60 s) would end; shorter ones would take the processor from the start that is waited for.
    reconnect: { baseMs: 200, maxMs: 400 },
    WebSocket: CountingWebSocket as unknown as typeof globalThis.WebSocket,
    onNotification: ({ id }) => ids.push(id),
    onStateChange: (state) => {
      if (state.state !== 'connected') return;
      // The first connection has no history to recover.
      if (connections > 0 && !state.recovered) unrecovered++;
      connections++;
    },
  });
  client.connect();
  await waitUntil(() => client.state().state === 'connected', { what: `the live connection of ${user}` });
  return {
    ids,
    duplicates: () => messages - arrived.size,
    unrecovered: () => unrecovered,
    close: () => client.close(),
  };
}
