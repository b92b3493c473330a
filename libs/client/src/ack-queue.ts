import type { ClientClock } from './browser-clock.ts';

export type AckQueue = {
  add(id: string): void;
  /** Sends what is waiting, now that there may be a way. */
  flush(): void;
  /** Forgets what is waiting: it was another user's. */
  clear(): void;
};

export type AckQueueOptions = {
  readonly clock: ClientClock;
  /** False when it could not be sent; the ids wait for the next flush then. */
  readonly send: (ids: readonly string[]) => Promise<boolean>;
};

const GATHER_MS = 50;
/** The most that one frame or request may carry, and that is kept: an older acknowledgement that never got out is made up for by reading the inbox. */
const IDS_MAX = 1_000;

/** Acknowledgements of a moment go together. Those that cannot be sent are kept for the next connection. */
export function createAckQueue({ clock, send }: AckQueueOptions): AckQueue {
  const waiting = new Set<string>();
  let scheduled = false;
  let sending = false;

  const flush = async (): Promise<void> => {
    scheduled = false;
    if (sending || waiting.size === 0) return;
    sending = true;
    const ids = [...waiting];
    const sent = await send(ids).catch(() => false);
    sending = false;
    if (!sent) return;
    for (const id of ids) waiting.delete(id);
    if (waiting.size > 0) later();
  };
  const later = (): void => {
    if (scheduled) return;
    scheduled = true;
    clock.schedule(GATHER_MS, () => void flush());
  };

  return {
    add(id) {
      waiting.add(id);
      const [oldest] = waiting;
      if (waiting.size > IDS_MAX && oldest !== undefined) waiting.delete(oldest);
      later();
    },
    flush: later,
    clear: () => waiting.clear(),
  };
}
