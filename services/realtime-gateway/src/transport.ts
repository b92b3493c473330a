import type { Written } from './outbound-queue.ts';
import type { SharedFrame } from './shared-frame.ts';

/** Why a connection ends, as the client is told. One of `CLOSE_CODES`. */
export type CloseReason = { readonly code: number; readonly reason: string };

/** What a connection needs of its wire. Two implementations: WebSocket and SSE. */
export type Transport = {
  readonly kind: 'websocket' | 'sse';
  /** Between two heartbeats. */
  readonly heartbeatMs: number;
  /** A heartbeat must be answered by a sign of life. SSE clients cannot answer; a dead one is found by what does not drain. */
  readonly answersHeartbeat: boolean;
  /** Frames of one turn of the event loop leave in one write, in order. After `close` it does nothing. */
  send(frame: SharedFrame): void;
  heartbeat(): void;
  /** Writes what is waiting, then ends. A client that does not finish its part in time is cut off. */
  close(why: CloseReason): void;
  /** Bytes that the client has not taken yet. */
  queuedBytes(): number;
  /** For how long nothing has drained. */
  stalledMs(): number;
  /** Resolves when there is room again, or the transport has ended. */
  drained(): Promise<void>;
};

/** What a wire tells its connection. */
export type TransportEvents = {
  /** More waits for the client than it may. */
  overflowed(): void;
  written(what: Written): void;
};
