import type { RecipientKey } from '@belfry/core/store/routing';
import { parseCursor } from '@belfry/protocol/cursor';
import type { ServerFrame } from '@belfry/protocol/frames';
import { vi } from 'vitest';
import { WebSocket } from 'ws';
import { SOON, type TestGateway, userToken } from './gateway.fixture.ts';

const RECONNECT_MS = 20;

export type Follower = {
  readonly user: RecipientKey;
  /** Every offset that was shown, in the order in which it came. */
  readonly offsets: readonly number[];
  /** What should never have happened. */
  readonly problems: readonly string[];
  gateway(): TestGateway | undefined;
  /** Breaks the connection without a word; it comes back by itself. */
  cut(): void;
  close(): void;
};

/** A client that stays: wherever its connection ends, it resumes at its cursor with the gateway that `choose` names then. Resolves once it is live. */
export async function startFollower(user: RecipientKey, choose: () => TestGateway): Promise<Follower> {
  const offsets: number[] = [];
  const problems: string[] = [];
  let cursor: string | undefined;
  let gateway: TestGateway | undefined;
  let socket: WebSocket | undefined;
  let closed = false;

  const receive = (frame: ServerFrame): void => {
    if (frame.type === 'hello') {
      if (!frame.recovered) problems.push(`not recovered at ${cursor}`);
      cursor ??= frame.cursor;
    }
    if (frame.type !== 'notification') return;
    cursor = frame.cursor;
    offsets.push(parseCursor(cursor)?.offset ?? -1);
  };
  const connect = (): void => {
    if (closed) return;
    const chosen = choose();
    const query = cursor === undefined ? '' : `?cursor=${cursor}`;
    socket = new WebSocket(`${chosen.webSocketUrl}${query}`, {
      headers: { authorization: `Bearer ${userToken(user.user)}` },
    });
    socket.on('open', () => {
      gateway = chosen;
    });
    socket.on('message', (data) => receive(JSON.parse(data.toString())));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      gateway = undefined;
      setTimeout(connect, RECONNECT_MS);
    });
  };
  connect();
  await vi.waitFor(() => {
    if (cursor === undefined) throw new Error(`${user.user} has no hello`);
  }, SOON);
  return {
    user,
    offsets,
    problems,
    gateway: () => gateway,
    cut: () => socket?.terminate(),
    close() {
      closed = true;
      socket?.terminate();
    },
  };
}
