/** Times and sizes that a gateway keeps to. All have defaults; tests and operators narrow them. */
export type GatewayLimits = {
  /** How often due connections are looked at; every deadline below is kept to within this. */
  readonly tickMs: number;
  /** Between two WebSocket pings, ± `heartbeatJitter` as a share, so that a crowd that connected together does not ping together. */
  readonly heartbeatMs: number;
  readonly heartbeatJitter: number;
  /** A ping unanswered for this long ends the connection. */
  readonly pongDeadlineMs: number;
  /** Between two SSE comment lines; below the idle timeout of common proxies (60 s; nginx reads for 60 s). */
  readonly sseHeartbeatMs: number;
  /** From opening to a good `authenticate` frame. */
  readonly authenticationTimeoutMs: number;
  /** Bytes that wait for one connection, here and in its socket; beyond it the client is too slow. */
  readonly queueBytes: number;
  /** A connection whose bytes have not drained for this long is too slow, however few they are. */
  readonly stallMs: number;
  /** Replay reads on while fewer bytes than this wait. */
  readonly replayAheadBytes: number;
  readonly replayPage: number;
  /** Largest frame from a client, in bytes. */
  readonly frameBytes: number;
  /**
   * Frames a client may send: this many at once, refilled at `inboundPerMinute`. Wide enough for a client that acknowledges each message by itself while it
   * catches up.
   */
  readonly inboundBurst: number;
  readonly inboundPerMinute: number;
  readonly connectionsPerUser: number;
  readonly connections: number;
  /** A connection opened with a ticket lives this long at most, and so does the cookie of an SSE ticket. */
  readonly ticketSessionMs: number;
  /** Connections are asked to leave one after the other over this time. */
  readonly drainWindowMs: number;
  /** Clients are told to come back after a random time up to this. */
  readonly reconnectSpreadMs: number;
  /** What an `EventSource` waits before it reconnects. */
  readonly sseRetryMs: number;
  /** The peer has this long to answer a close frame; then its socket is cut. */
  readonly closeTimeoutMs: number;
};

export const DEFAULT_GATEWAY_LIMITS: GatewayLimits = {
  tickMs: 1_000,
  heartbeatMs: 25_000,
  heartbeatJitter: 0.1,
  pongDeadlineMs: 8_000,
  sseHeartbeatMs: 15_000,
  authenticationTimeoutMs: 8_000,
  queueBytes: 1_048_576,
  stallMs: 10_000,
  replayAheadBytes: 262_144,
  replayPage: 500,
  frameBytes: 65_536,
  inboundBurst: 2_000,
  inboundPerMinute: 6_000,
  connectionsPerUser: 20,
  connections: 20_000,
  ticketSessionMs: 60 * 60 * 1_000,
  drainWindowMs: 10_000,
  reconnectSpreadMs: 10_000,
  sseRetryMs: 3_000,
  closeTimeoutMs: 5_000,
};
