import { EventSource } from 'eventsource';
import { WebSocket } from 'ws';
import { userToken } from './user-token.ts';

export type LiveNotification = { readonly cursor: string; readonly id: string; readonly title: string };

export type LiveClient = {
  /** The first frame. */
  readonly hello: { readonly cursor: string; readonly recovered: boolean };
  /** Everything received so far, in order, duplicates included. */
  readonly received: readonly LiveNotification[];
  ack(ids: readonly string[]): void;
  close(): void;
  /** Resolves with the close code of a WebSocket; 0 for SSE. */
  readonly closed: Promise<number>;
};

type Frame = { type: string; cursor: string; recovered: boolean; notification: { id: string; title: string } };

/** A plain WebSocket client: no SDK, no dedupe. */
export function openWebSocket(url: string, user: string, cursor?: string): Promise<LiveClient> {
  const query = cursor === undefined ? '' : `?cursor=${encodeURIComponent(cursor)}`;
  const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/realtime${query}`, {
    headers: { authorization: `Bearer ${userToken(user)}` },
  });
  const received: LiveNotification[] = [];
  const closed = new Promise<number>((resolve) => socket.on('close', resolve));
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('closed before hello')));
    socket.on('message', (data) => {
      const frame = JSON.parse(String(data)) as Frame;
      if (frame.type === 'notification') {
        received.push({ cursor: frame.cursor, id: frame.notification.id, title: frame.notification.title });
      } else if (frame.type === 'hello') {
        resolve({
          hello: frame,
          received,
          ack: (ids) => socket.send(JSON.stringify({ type: 'ack', ids })),
          close: () => socket.close(),
          closed,
        });
      }
    });
  });
}

/** A plain `EventSource`, with a ticket, as a browser would open it. */
export function openEventSource(url: string, ticket: string, lastEventId?: string): Promise<LiveClient> {
  const query = lastEventId === undefined ? '' : `&lastEventId=${encodeURIComponent(lastEventId)}`;
  const source = new EventSource(`${url}/v1/events?ticket=${ticket}${query}`);
  const received: LiveNotification[] = [];
  return new Promise((resolve, reject) => {
    source.addEventListener('hello', (event) => {
      resolve({
        hello: JSON.parse(event.data) as Frame,
        received,
        ack: () => {
          throw new Error('SSE clients acknowledge by POST /v1/acks');
        },
        close: () => source.close(),
        closed: Promise.resolve(0),
      });
    });
    source.addEventListener('notification', (event) => {
      const frame = JSON.parse(event.data) as Frame;
      received.push({ cursor: event.lastEventId, id: frame.notification.id, title: frame.notification.title });
    });
    source.addEventListener('error', (event) => {
      if (event.code !== undefined) reject(new Error(`${event.code} ${event.message ?? ''}`));
    });
  });
}
