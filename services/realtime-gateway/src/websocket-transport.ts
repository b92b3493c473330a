import type { Duplex } from 'node:stream';
import type { Clock } from '@belfry/core/clock';
import type { WebSocket } from 'ws';
import { webSocketEncoder } from './frame-encoder.ts';
import { createOutboundQueue } from './outbound-queue.ts';
import type { Transport, TransportEvents } from './transport.ts';
import type { TurnFlush } from './turn-flush.ts';

export type WebSocketTransportOptions = {
  readonly webSocket: WebSocket;
  /** The socket of the upgrade, which ws now reads and writes its own frames on. */
  readonly socket: Duplex;
  readonly clock: Clock;
  readonly turn: TurnFlush;
  readonly heartbeatMs: number;
  readonly queueBytes: number;
  readonly events: TransportEvents;
};

/**
 * Data frames are built here and written to the raw socket, several in one write; handshake, parsing, pings, pongs and the close handshake stay with ws.
 * The two may share the socket because a ws server without permessage-deflate masks nothing, holds nothing back and writes each of its frames whole
 * and at once, so neither can land inside the other's. Nothing may follow a close frame: once ws has left OPEN, nothing is written here.
 */
export function createWebSocketTransport(options: WebSocketTransportOptions): Transport {
  const { webSocket, socket, events } = options;
  const isOpen = (): boolean => webSocket.readyState === webSocket.OPEN;
  const queue = createOutboundQueue({
    sink: socket,
    encoder: webSocketEncoder,
    clock: options.clock,
    turn: options.turn,
    limitBytes: options.queueBytes,
    onOverflow: events.overflowed,
    onWritten: events.written,
    isWritable: isOpen,
  });
  webSocket.once('close', queue.close);
  return {
    kind: 'websocket',
    heartbeatMs: options.heartbeatMs,
    answersHeartbeat: true,
    send: queue.push,
    heartbeat() {
      if (isOpen()) webSocket.ping();
    },
    close({ code, reason }) {
      queue.flush();
      queue.close();
      webSocket.close(code, reason);
    },
    queuedBytes: queue.queuedBytes,
    stalledMs: queue.stalledMs,
    drained: queue.drained,
  };
}
