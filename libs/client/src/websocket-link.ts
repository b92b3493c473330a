/// <reference lib="dom" />
import type { ClientClock } from './browser-clock.ts';
import type { Credentials } from './credentials.ts';
import { BROKEN, type Link, type LinkEnd, type LinkEvents, parseServerFrame } from './link.ts';

export type WebSocketLinkOptions = {
  readonly url: string;
  readonly WebSocket: typeof WebSocket;
  readonly credentials: Credentials;
  /** The cursor to resume from, once it is known with whose credential. */
  readonly cursorOf: (account: string | undefined) => string | undefined;
  readonly clock: ClientClock;
  readonly events: LinkEvents;
};

/** From the handshake to `hello`. */
const HELLO_DEADLINE_MS = 15_000;
const PONG_DEADLINE_MS = 10_000;

/**
 * The credential goes in the first frame and not in the URL, which proxies log. A browser does not show the gateway's pings to the page, so a link that
 * was silent for a heartbeat asks for a sign of life of its own.
 */
export function openWebSocketLink(options: WebSocketLinkOptions): Link {
  const { clock, events, credentials } = options;
  let webSocket: WebSocket | undefined;
  let over = false;
  let heartbeatMs = HELLO_DEADLINE_MS;

  const end = (how: LinkEnd | undefined): void => {
    if (over) return;
    over = true;
    cancelWatch();
    webSocket?.close();
    if (how !== undefined) events.ended(how);
  };
  let cancelWatch = clock.schedule(HELLO_DEADLINE_MS, () => end(BROKEN));
  const watch = (): void => {
    cancelWatch();
    cancelWatch = clock.schedule(heartbeatMs, () => {
      send({ type: 'ping' });
      cancelWatch = clock.schedule(PONG_DEADLINE_MS, () => end(BROKEN));
    });
  };
  const send: Link['send'] = (frame) => {
    if (over || webSocket?.readyState !== options.WebSocket.OPEN) return false;
    webSocket.send(JSON.stringify(frame));
    return true;
  };

  const open = async (): Promise<void> => {
    const { credential, account } = await credentials.forConnection();
    if (over) return;
    const cursor = options.cursorOf(account);
    const opened = new options.WebSocket(options.url);
    webSocket = opened;
    opened.onopen = () => send({ type: 'authenticate', ...credential, ...(cursor === undefined ? {} : { cursor }) });
    opened.onmessage = (event: MessageEvent) => {
      const frame = over ? undefined : parseServerFrame(event.data);
      if (frame === undefined) return;
      if (frame.type === 'hello') heartbeatMs = frame.heartbeatMs;
      watch();
      events.frame(frame);
    };
    opened.onerror = () => undefined;
    opened.onclose = (event: CloseEvent) => end({ code: event.code, reason: event.reason || BROKEN.reason });
  };
  open().catch(() => end({ ...BROKEN, reason: 'no-credential' }));
  return { transport: 'websocket', send, close: () => end(undefined) };
}
