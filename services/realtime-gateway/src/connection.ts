import type { Clock } from '@belfry/core/clock';
import type { Random } from '@belfry/core/random';
import type { StreamItem } from '@belfry/core/store/user-stream';
import { isUnavailable } from '@belfry/core/unavailable-error';
import { CLOSE_CODES } from '@belfry/protocol/close-codes';
import type { ClientFrame } from '@belfry/protocol/frames';
import type { AckTokens } from '@belfry/runtime';
import type { Acks } from './acks.ts';
import type { Admission, AdmissionResult, LivePrincipal } from './admission.ts';
import type { GatewayLimits } from './gateway-limits.ts';
import { parseInbound } from './inbound.ts';
import { controlFrame, type SharedFrame } from './shared-frame.ts';
import { takeToken } from './token-bucket.ts';
import type { CloseReason, Transport } from './transport.ts';
import type { UserHub } from './user-hub.ts';

/**
 * connecting ──▶ authenticating ──▶ replaying ──▶ live ──▶ draining ──▶ closed
 *      │                                ▲
 *      └── credential in URL or header ─┘
 *
 * connecting      the wire is open, nothing was said
 * authenticating  the first frame must say who it is, within `authenticationTimeoutMs`
 * replaying       `hello` was sent; items after the cursor are read from the store, no faster than the client takes them
 * live            follows the user's hub
 * draining        `goodbye` was sent; nothing new is sent, the client is about to leave
 * closed          the wire is gone or going
 *
 * Every state may go to closed.
 */
export type ConnectionState = 'connecting' | 'authenticating' | 'replaying' | 'live' | 'draining' | 'closed';

export type Connection = {
  readonly transport: Transport;
  state(): ConnectionState;
  /** The hub that it follows, once admitted. */
  hub(): UserHub | undefined;
  /** No credential came with the handshake: the first frame must bring it. */
  awaitCredential(): void;
  begin(admission: Admission): void;
  /** A text frame of the client. */
  receive(text: string): void;
  /** Says what is wrong with a frame, and closes. */
  refuse(detail: string): void;
  /** Counts a control frame against the client's rate. */
  charge(): boolean;
  /** A sign of life: a pong. */
  alive(): void;
  /** Keeps deadlines. True when a heartbeat was due, with which the head of the stream is compared, too. */
  tick(): boolean;
  drain(reconnectAfterMs: number): void;
  close(why: CloseReason): void;
  /** The wire is gone; `why` where this end has told the client, without being asked by the connection. */
  ended(why?: CloseReason): void;
};

export type Credential = Omit<Extract<ClientFrame, { type: 'authenticate' }>, 'type' | 'cursor'>;

export type ConnectionOptions = {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: GatewayLimits;
  readonly acks: Acks;
  readonly ackTokens: Pick<AckTokens, 'issue'>;
  readonly authenticate: (credential: Credential) => Promise<LivePrincipal | undefined>;
  readonly admit: (principal: LivePrincipal, cursor: string | undefined) => Promise<AdmissionResult>;
  readonly onError: (error: unknown) => void;
  /** Once, on the way to `closed`. */
  readonly onClosed: (why: CloseReason | undefined) => void;
};

export function createConnection(options: ConnectionOptions): Connection {
  const { transport, clock, random, limits, acks } = options;
  const ending = new AbortController();
  let state: ConnectionState = 'connecting';
  let admission: Admission | undefined;
  /** The last offset that was sent or that shows nothing. */
  let last = 0;
  let bucket = { tokens: limits.inboundBurst, atMs: clock.monotonicMs() };
  let nextBeatMs = clock.monotonicMs() + beatAfterMs(transport.heartbeatMs, limits.heartbeatJitter, random);
  let pingedAtMs: number | undefined;
  let cancelAuthentication = (): void => undefined;

  const member = {
    deliver(offset: number, frame: SharedFrame): void {
      if (offset <= last) return;
      last = offset;
      transport.send(frame);
    },
  };

  const enterAuthenticating = (): void => {
    state = 'authenticating';
    cancelAuthentication = clock.schedule(limits.authenticationTimeoutMs, () =>
      close(CLOSE_CODES.authenticationTimeout),
    );
  };
  const enterReplaying = (admitted: Admission): void => {
    state = 'replaying';
    cancelAuthentication();
    admission = admitted;
    last = admitted.offset;
    const { cursor, recovered, principal } = admitted;
    const { tenant, user } = principal;
    const { heartbeatMs } = transport;
    // Who can only listen acknowledges by a request, for which a ticket is no credential.
    const ackToken = transport.kind === 'sse' ? { ackToken: options.ackTokens.issue(principal) } : {};
    transport.send(controlFrame({ type: 'hello', cursor, recovered, tenant, user, heartbeatMs, ...ackToken }));
    void replay(admitted).catch(fail);
  };
  const enterLive = (hub: UserHub): void => {
    state = 'live';
    hub.join(member);
  };
  const enterDraining = (reconnectAfterMs: number): void => {
    state = 'draining';
    cancelAuthentication();
    admission?.lease.hub.leave(member);
    transport.send(controlFrame({ type: 'goodbye', reconnectAfterMs }));
    transport.close(CLOSE_CODES.restart);
  };
  const enterClosed = (why: CloseReason | undefined): void => {
    state = 'closed';
    cancelAuthentication();
    ending.abort();
    admission?.lease.hub.leave(member);
    admission?.lease.release();
    options.onClosed(why);
  };

  const close = (why: CloseReason): void => {
    if (state === 'closed') return;
    enterClosed(why);
    transport.close(why);
  };
  const fail = (error: unknown): void => {
    if (!isUnavailable(error)) options.onError(error);
    close(isUnavailable(error) ? CLOSE_CODES.storeUnavailable : CLOSE_CODES.internalError);
  };

  /** Sends until nothing is left or the client has enough to take. */
  const sendItems = (items: StreamItem[], hub: UserHub): void => {
    while (items.length > 0 && transport.queuedBytes() < limits.replayAheadBytes) {
      const item = items.shift();
      if (item === undefined || item.offset <= last) continue;
      const frame = hub.frameOf(item);
      last = item.offset;
      if (frame !== undefined) transport.send(frame);
    }
  };

  const replay = async ({ lease: { hub }, page: firstPage }: Admission): Promise<void> => {
    let page = firstPage;
    while (state === 'replaying') {
      if (page !== undefined) {
        const items = [...page.items];
        sendItems(items, hub);
        while (items.length > 0) {
          await transport.drained();
          if (state !== 'replaying') return;
          sendItems(items, hub);
        }
        if (page.items.length < limits.replayPage) last = Math.max(last, page.head);
        // What was read beyond the hub's tip, the hub has not heard of: it was not told, or not yet.
        hub.headSeen(page.head);
      }
      if (last >= hub.tip() && last >= (page?.head ?? 0)) return enterLive(hub);
      page = await hub.read(last, limits.replayPage, ending.signal);
      // Retention overtook the reader. A new connection with this cursor will be told so by `recovered`.
      if (page !== undefined && page.oldest > last + 1) return close(CLOSE_CODES.restart);
    }
  };

  const login = async ({ cursor, ...credential }: Omit<Extract<ClientFrame, { type: 'authenticate' }>, 'type'>) => {
    const principal = await options.authenticate(credential);
    if (state !== 'authenticating') return;
    if (principal === undefined) return close(CLOSE_CODES.unauthenticated);
    const result = await options.admit(principal, cursor);
    if (!result.ok) return close(CLOSE_CODES.overloaded);
    begin(result.admission);
  };

  const begin = (admitted: Admission): void => {
    if (state === 'connecting' || state === 'authenticating') enterReplaying(admitted);
    else admitted.lease.release();
  };

  const charge = (): boolean => {
    const rate = { burst: limits.inboundBurst, perMinute: limits.inboundPerMinute };
    const left = takeToken(bucket, clock.monotonicMs(), rate);
    if (left === undefined) {
      close(CLOSE_CODES.rateLimited);
      return false;
    }
    bucket = left;
    return true;
  };

  const refuse = (detail: string): void => {
    transport.send(controlFrame({ type: 'error', code: 'bad_frame', detail }));
    close(CLOSE_CODES.badFrame);
  };

  let loggingIn = false;
  /** What is wrong with a frame that is well formed but may not come now. */
  const misplaced = (frame: ClientFrame): string | undefined => {
    const isLogin = frame.type === 'authenticate';
    if (state === 'authenticating') {
      if (!isLogin) return 'The first frame must be `authenticate`.';
      return loggingIn ? '`authenticate` was sent twice.' : undefined;
    }
    return isLogin ? 'The connection is authenticated already.' : undefined;
  };

  const accept = (frame: ClientFrame): void => {
    if (frame.type === 'authenticate') {
      loggingIn = true;
      void login(frame).catch(fail);
    } else if (admission !== undefined) {
      const { user } = admission.lease.hub;
      if (frame.type === 'ack') acks.acknowledge(user, frame.ids);
      else if (frame.type === 'read') acks.read(user, frame.ids);
      else transport.send(controlFrame({ type: 'pong' }));
    }
  };

  const tick = (): boolean => {
    const nowMs = clock.monotonicMs();
    if (state === 'closed') return false;
    if (admission !== undefined && clock.nowMs() >= admission.principal.expiresAtMs) {
      close(CLOSE_CODES.credentialExpired);
    } else if (transport.stalledMs() >= limits.stallMs) {
      close(CLOSE_CODES.slowConsumer);
    } else if (pingedAtMs !== undefined && nowMs - pingedAtMs >= limits.pongDeadlineMs) {
      close(CLOSE_CODES.heartbeatTimeout);
    } else if (nowMs >= nextBeatMs) {
      transport.heartbeat();
      if (transport.answersHeartbeat) pingedAtMs ??= nowMs;
      nextBeatMs = nowMs + beatAfterMs(transport.heartbeatMs, limits.heartbeatJitter, random);
      return admission !== undefined;
    }
    return false;
  };

  return {
    transport,
    state: () => state,
    hub: () => admission?.lease.hub,
    awaitCredential: enterAuthenticating,
    begin,
    receive(text) {
      if (state === 'closed' || state === 'draining' || !charge()) return;
      const inbound = parseInbound(text);
      const wrong = inbound.ok ? misplaced(inbound.frame) : inbound.detail;
      if (wrong !== undefined) refuse(wrong);
      else if (inbound.ok) accept(inbound.frame);
    },
    refuse,
    charge,
    alive() {
      pingedAtMs = undefined;
    },
    tick,
    drain(reconnectAfterMs) {
      if (state !== 'closed' && state !== 'draining') enterDraining(reconnectAfterMs);
    },
    close,
    ended(why) {
      if (state !== 'closed') enterClosed(why);
    },
  };
}

function beatAfterMs(everyMs: number, jitter: number, random: Random): number {
  return everyMs * (1 + jitter * (2 * random.next() - 1));
}
