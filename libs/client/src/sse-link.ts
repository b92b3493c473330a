/// <reference lib="dom" />
import type { ServerFrame } from '@belfry/protocol/frames';
import type { Credentials } from './credentials.ts';
import { BROKEN, type Link, type LinkEnd, type LinkEvents, parseServerFrame } from './link.ts';

export type SseLinkOptions = {
  readonly url: string;
  readonly EventSource: typeof EventSource;
  readonly credentials: Credentials;
  /** The cursor to resume from, once it is known with whose credential. */
  readonly cursorOf: (account: string | undefined) => string | undefined;
  readonly events: LinkEvents;
};

const FRAME_TYPES: readonly ServerFrame['type'][] = ['hello', 'notification', 'goodbye', 'error'];

/**
 * An `EventSource` would reconnect by itself, in step with every other client of the same gateway. So the first error ends the link, and the client makes
 * the next one with a ticket of its own, after a wait of its own.
 */
export function openSseLink(options: SseLinkOptions): Link {
  const { events, credentials } = options;
  let source: EventSource | undefined;
  let over = false;

  const end = (how: LinkEnd | undefined): void => {
    if (over) return;
    over = true;
    source?.close();
    if (how !== undefined) events.ended(how);
  };

  const open = async (): Promise<void> => {
    const { ticket, account } = await credentials.ticket();
    if (over) return;
    const cursor = options.cursorOf(account);
    const url = new URL(options.url);
    url.searchParams.set('ticket', ticket);
    if (cursor !== undefined) url.searchParams.set('cursor', cursor);
    const opened = new options.EventSource(url.href, { withCredentials: true });
    source = opened;
    for (const type of FRAME_TYPES) {
      opened.addEventListener(type, (event: Event) => {
        // The connection's own error event has the same name as an error frame, but no data.
        const frame = over || !('data' in event) ? undefined : parseServerFrame(event.data);
        if (frame !== undefined) events.frame(frame);
      });
    }
    opened.onerror = () => end(BROKEN);
  };
  open().catch(() => end({ ...BROKEN, reason: 'no-credential' }));
  return { transport: 'sse', send: () => false, close: () => end(undefined) };
}
