/// <reference lib="dom" />
import type { ClientNotification } from '@belfry/protocol/frames';
import type { ClientClock } from './browser-clock.ts';
import type { ReconnectBounds } from './reconnect-schedule.ts';

export type TransportKind = 'websocket' | 'sse';

/** Where a client stands. */
export type ClientState =
  | { readonly state: 'idle' }
  | { readonly state: 'connecting'; readonly transport: TransportKind }
  /** `recovered: false`: something may have been missed that cannot be replayed, or it is another user's stream than before; read the inbox. */
  | { readonly state: 'connected'; readonly transport: TransportKind; readonly recovered: boolean }
  | { readonly state: 'waiting'; readonly retryInMs: number; readonly reason: string }
  /** It will not connect again by itself: `close` was called, or the gateway said that trying again is of no use. */
  | { readonly state: 'closed'; readonly reason: string };

/** A notification as it arrives, with the place in the stream after which a client would resume. */
export type ReceivedNotification = ClientNotification & { readonly cursor: string };

export type BelfryClientOptions = {
  /** Where Belfry is, such as `https://push.example`; WebSocket, SSE and HTTP are all found from it. */
  readonly baseUrl: string;
  /** A JWT of the user, asked for before each connection and request. Needed for the inbox and Web Push. */
  readonly getToken?: () => string | Promise<string>;
  /** A fresh connection ticket, where the page has no JWT: asked for before each connection. Enough to receive and to acknowledge. */
  readonly getTicket?: () => string | Promise<string>;
  /** The user; read from the token's `sub` when omitted. With tickets alone nothing says it before a connection, so give it to keep users of one tab apart. */
  readonly user?: string;
  /** `auto`: WebSocket, and SSE after two attempts that came to nothing, and so on in turn. */
  readonly transport?: 'auto' | TransportKind;
  /** Called once per notification, in order; a notification that is delivered twice is told apart by its id (the last 1,000). */
  readonly onNotification: (notification: ReceivedNotification) => void;
  readonly onStateChange?: (state: ClientState) => void;
  /**
   * Keeps the cursor over reloads (one per tab: `sessionStorage`), and what Web Push was enabled with, for each user apart. A cursor is used for the stream that it
   * is from and for no other: where another user has signed in, `recovered` is false. In memory when omitted.
   */
  readonly storage?: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
  /** Acknowledge what was handed to `onNotification`. True unless told otherwise. */
  readonly acknowledge?: boolean;
  /**
   * Bounds of the wait before a reconnect, in milliseconds: 500, doubled from failure to failure up to 60,000, unless told otherwise. Shorter bounds are
   * for few clients: thousands of them would come back to a restarted gateway at once.
   */
  readonly reconnect?: Partial<ReconnectBounds>;
  /** A number in [0, 1), for the jitter of reconnects. */
  readonly random?: () => number;
  readonly clock?: ClientClock;
  readonly WebSocket?: typeof WebSocket;
  readonly EventSource?: typeof EventSource;
  readonly fetch?: typeof fetch;
};
