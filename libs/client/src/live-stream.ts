import { mayReconnect } from '@belfry/protocol/close-codes';
import type { HelloFrame, NotificationFrame, ServerFrame } from '@belfry/protocol/frames';
import type { ClientClock } from './browser-clock.ts';
import type { ClientState, TransportKind } from './client-options.ts';
import type { Link, LinkEnd, LinkEvents } from './link.ts';
import { type ReconnectBounds, reconnectDelayMs, STABLE_MS } from './reconnect-schedule.ts';

/** Keeps one live connection: opens it, and opens it again after it ended, until closed. */
export type LiveStream = {
  connect(): void;
  close(reason?: string): void;
  state(): ClientState;
  /** The link while it is connected. */
  link(): Link | undefined;
};

export type LiveStreamOptions = {
  readonly transport: 'auto' | TransportKind;
  readonly open: (transport: TransportKind, events: LinkEvents) => Link;
  readonly clock: ClientClock;
  readonly random: () => number;
  readonly reconnect: ReconnectBounds;
  /** Returns whether the stream goes on where it was, which the frame alone does not say. */
  readonly onHello: (hello: HelloFrame) => { readonly recovered: boolean };
  readonly onNotification: (frame: NotificationFrame) => void;
  readonly onState: (state: ClientState) => void;
};

/** Attempts without a `hello` after which the other transport has its turn. */
const ATTEMPTS_PER_TRANSPORT = 2;
/** Each attempt brings a fresh credential; when as many in a row are refused, another will be, too. */
const REFUSALS_MAX = 3;
const UNAUTHENTICATED_CODES: readonly number[] = [4501, 4502];

export function createLiveStream(options: LiveStreamOptions): LiveStream {
  const { clock } = options;
  let state: ClientState = { state: 'idle' };
  let link: Link | undefined;
  let transport: TransportKind = options.transport === 'sse' ? 'sse' : 'websocket';
  let failures = 0;
  let attempts = 0;
  let refusals = 0;
  let askedMs: number | undefined;
  let connectedAtMs: number | undefined;
  let cancelWait = (): void => undefined;

  const enter = (next: ClientState): void => {
    state = next;
    options.onState(next);
  };

  const open = (): void => {
    askedMs = undefined;
    connectedAtMs = undefined;
    enter({ state: 'connecting', transport });
    // An event of a link that was closed or replaced meanwhile is nobody's.
    const opened: Link = options.open(transport, {
      frame: (frame) => {
        if (link === opened) take(frame);
      },
      ended: (end) => {
        if (link === opened) lost(end);
      },
    });
    link = opened;
  };

  const take = (frame: ServerFrame): void => {
    if (frame.type === 'hello') {
      connectedAtMs = clock.monotonicMs();
      attempts = 0;
      refusals = 0;
      const { recovered } = options.onHello(frame);
      enter({ state: 'connected', transport, recovered });
    } else if (frame.type === 'notification') {
      options.onNotification(frame);
    } else if (frame.type === 'goodbye') {
      askedMs = frame.reconnectAfterMs;
    }
  };

  const lost = ({ code, reason }: LinkEnd): void => {
    link = undefined;
    const refused = UNAUTHENTICATED_CODES.includes(code);
    if (refused) refusals += 1;
    if (refused ? refusals >= REFUSALS_MAX : !mayReconnect(code)) {
      enter({ state: 'closed', reason });
      return;
    }
    if (connectedAtMs === undefined) attempts += 1;
    else if (clock.monotonicMs() - connectedAtMs >= STABLE_MS) failures = 0;
    if (options.transport === 'auto' && attempts >= ATTEMPTS_PER_TRANSPORT) {
      transport = transport === 'websocket' ? 'sse' : 'websocket';
      attempts = 0;
    }
    const retryInMs = reconnectDelayMs(failures, options.random, askedMs, options.reconnect);
    failures += 1;
    cancelWait = clock.schedule(retryInMs, open);
    enter({ state: 'waiting', retryInMs, reason });
  };

  return {
    connect() {
      if (state.state === 'idle' || state.state === 'closed') open();
    },
    close(reason = 'closed-by-page') {
      cancelWait();
      link?.close();
      link = undefined;
      if (state.state !== 'closed') enter({ state: 'closed', reason });
    },
    state: () => state,
    link: () => (state.state === 'connected' ? link : undefined),
  };
}
