import { once } from 'node:events';
import type { ServerFrame } from '@belfry/protocol/frames';
import { expect, vi } from 'vitest';
import { type ClientOptions, WebSocket } from 'ws';
import { SOON } from './gateway.fixture.ts';

/** A bare `ws` client that keeps what it gets. */
export function openLiveClient(url: string, options: ClientOptions = {}) {
  const webSocket = new WebSocket(url, options);
  const frames: ServerFrame[] = [];
  let closed: { readonly code: number; readonly reason: string } | undefined;
  let refused: number | undefined;
  webSocket.on('message', (data) => frames.push(JSON.parse(data.toString())));
  webSocket.on('close', (code, reason) => {
    closed = { code, reason: reason.toString() };
  });
  webSocket.on('unexpected-response', (_request, response) => {
    refused = response.statusCode;
    response.resume();
    webSocket.terminate();
  });
  webSocket.on('error', () => undefined);

  const titles = (): string[] =>
    frames.flatMap((frame) => (frame.type === 'notification' ? [frame.notification.title] : []));
  return {
    webSocket,
    frames,
    titles,
    cursors: () => frames.flatMap((frame) => (frame.type === 'notification' ? [frame.cursor] : [])),
    send: (frame: unknown) => webSocket.send(typeof frame === 'string' ? frame : JSON.stringify(frame)),
    async opened() {
      if (webSocket.readyState !== webSocket.OPEN) await once(webSocket, 'open');
    },
    async hello() {
      return vi.waitFor(() => {
        const [first] = frames;
        if (first?.type !== 'hello')
          throw new Error(`not hello but ${first?.type}, closed ${closed?.code}, refused ${refused}`);
        return first;
      }, SOON);
    },
    async receives(expected: readonly string[]) {
      await vi.waitFor(() => expect(titles()).toEqual(expected), SOON);
    },
    async closedWith() {
      return vi.waitFor(() => {
        if (closed === undefined) throw new Error('still open');
        return closed;
      }, SOON);
    },
    async refusedWith() {
      return vi.waitFor(() => {
        if (refused === undefined) throw new Error('not refused');
        return refused;
      }, SOON);
    },
    close: () => webSocket.close(),
  };
}
