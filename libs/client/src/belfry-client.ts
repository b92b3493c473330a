/// <reference lib="dom" />
import type { NotificationFrame } from '@belfry/protocol/frames';
import { createAckQueue } from './ack-queue.ts';
import { createApiRequest } from './api-request.ts';
import { browserClock, browserRandom } from './browser-clock.ts';
import type { BelfryClientOptions, ClientState, TransportKind } from './client-options.ts';
import { createCredentials } from './credentials.ts';
import { createInbox, type InboxPage } from './inbox.ts';
import { createKeptValues } from './kept-values.ts';
import type { Link, LinkEvents } from './link.ts';
import { createLiveStream } from './live-stream.ts';
import { checkReconnectBounds } from './reconnect-schedule.ts';
import { createSeenIds } from './seen-ids.ts';
import { openSseLink } from './sse-link.ts';
import { createStreamPosition } from './stream-position.ts';
import { createWebPush, type EnableWebPushOptions, type WebPushResult } from './web-push.ts';
import { openWebSocketLink } from './websocket-link.ts';

export type BelfryClient = {
  /** Connects and stays connected; what Web Push was enabled for before is registered again. */
  connect(): void;
  close(): void;
  state(): ClientState;
  inbox(page?: { readonly cursor?: string; readonly limit?: number }): Promise<InboxPage>;
  /** Also acknowledges them. Returns how many became read. */
  markRead(ids: readonly string[] | 'all'): Promise<number>;
  enableWebPush(options: EnableWebPushOptions): Promise<WebPushResult>;
  disableWebPush(): Promise<void>;
};

/** A page's live connection to its user's notifications: reconnects, resumes where it was, shows nothing twice, acknowledges. */
export function createBelfryClient(options: BelfryClientOptions): BelfryClient {
  const { clock = browserClock, random = browserRandom, acknowledge = true } = options;
  const request = createApiRequest(options);
  const credentials = createCredentials(options, request);
  const kept = createKeptValues(options.storage, options.baseUrl);
  const position = createStreamPosition(kept);
  const seen = createSeenIds();
  const inbox = createInbox(request, credentials);
  const webPush = createWebPush(request, credentials, kept);

  const open = (transport: TransportKind, events: LinkEvents): Link => {
    const common = { credentials, cursorOf: position.ask, events };
    if (transport === 'sse') {
      const url = new URL('/v1/events', options.baseUrl).href;
      return openSseLink({ ...common, url, EventSource: options.EventSource ?? EventSource });
    }
    const url = new URL('/v1/realtime', options.baseUrl).href.replace(/^http/, 'ws');
    return openWebSocketLink({ ...common, url, WebSocket: options.WebSocket ?? WebSocket, clock });
  };

  let ackToken: string | undefined;
  const acks = createAckQueue({
    clock,
    async send(ids) {
      const link = stream.link();
      if (link === undefined) return false;
      if (link.send({ type: 'ack', ids: [...ids] })) return true;
      // Over SSE it takes a request, for which a page that has tickets only was given a token of its own.
      if (link.transport !== 'sse' || (options.getToken === undefined && ackToken === undefined)) return false;
      // The user goes along, so that it is refused where the token has become somebody else's.
      const body = { ids, user: position.user() };
      await request('POST', '/v1/acks', body, options.getToken === undefined ? ackToken : undefined);
      return true;
    },
  });

  const show = (frame: NotificationFrame): void => {
    const { notification } = frame;
    position.moveTo(frame.cursor);
    // A repetition is acknowledged again: that it came may mean that the first acknowledgement did not arrive.
    if (acknowledge) acks.add(notification.id);
    if (seen.add(notification.id)) options.onNotification({ ...notification, cursor: frame.cursor });
  };

  const stream = createLiveStream({
    transport: options.transport ?? 'auto',
    open,
    clock,
    random,
    reconnect: checkReconnectBounds(options.reconnect),
    onHello: (hello) => {
      const { recovered, isOtherStream } = position.begin(hello);
      if (isOtherStream) {
        // One notification has the same id for all of its recipients.
        seen.clear();
        acks.clear();
      }
      ackToken = hello.ackToken;
      acks.flush();
      return { recovered };
    },
    onNotification: show,
    onState: (state) => options.onStateChange?.(state),
  });

  // A resync that fails is tried again at the next start; the live connection does not depend on it.
  const resync = (): void => void webPush.resync().catch(() => undefined);
  const onWorkerMessage = (event: MessageEvent): void => {
    if (event.data?.type === 'belfry:subscription-changed') resync();
  };
  const serviceWorker = 'navigator' in globalThis ? navigator.serviceWorker : undefined;

  return {
    connect() {
      stream.connect();
      serviceWorker?.addEventListener('message', onWorkerMessage);
      resync();
    },
    close() {
      stream.close();
      serviceWorker?.removeEventListener('message', onWorkerMessage);
    },
    state: stream.state,
    inbox: inbox.read,
    markRead: inbox.markRead,
    enableWebPush: webPush.enable,
    disableWebPush: webPush.disable,
  };
}
