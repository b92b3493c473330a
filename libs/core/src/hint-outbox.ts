import type { Hint } from './backplane.ts';
import { type Clock, sleep } from './clock.ts';

/**
 * The sending half of a backplane with a network behind it: takes hints at any rate without waiting, sends those of one event-loop turn
 * together, and keeps memory bounded while nothing can be sent.
 */
export type HintOutbox = {
  add(hints: readonly Hint[]): void;
  /** Resolves when all that was added is sent or lost. */
  settled(): Promise<void>;
  /** Forgets what waits and takes no more. */
  close(): void;
};

export type HintOutboxOptions = {
  /** Sends one batch; a rejection loses it. Called again when the last call has settled, so that a slow network makes larger batches, not more. */
  readonly send: (hints: readonly Hint[]) => Promise<void>;
  /** Hints that may wait, 10,000 when omitted. Beyond it the oldest are lost: a newer one of the same user says all that they said. */
  readonly maxHints?: number;
  readonly onLost?: (hints: number) => void;
  /** Once per outage, with the first loss; `error` is undefined where hints had to wait for too long and there was no room. */
  readonly onOutage: (error: unknown) => void;
  /** Once all that waited is sent again, with what was lost since the outage began. */
  readonly onRecovered: (lost: number) => void;
};

/** What waits may still leave when the process ends. */
const CLOSE_WITHIN_MS = 1_000;
const MAX_HINTS = 10_000;
/** Characters of frames that may wait. Beyond it hints go without their frame, which the gateway then reads. */
const MAX_WAITING_CHARS = 8 * 1_024 * 1_024;
/** Larger than any frame that Belfry itself makes (a notification has 16 KiB at most). */
const MAX_FRAME_CHARS = 32_768;
const BATCH_HINTS = 1_000;
/** With all of UTF-8's three bytes a character, still below the 1 MiB that a broker takes at once by default. */
const BATCH_CHARS = 262_144;

export function createHintOutbox(options: HintOutboxOptions): HintOutbox {
  const { send, onLost, onOutage, onRecovered, maxHints = MAX_HINTS } = options;
  let waiting: Hint[] = [];
  let waitingChars = 0;
  let running: Promise<void> | undefined;
  let lostInOutage = 0;
  let closed = false;

  const lose = (hints: number, error: unknown): void => {
    if (lostInOutage === 0) onOutage(error);
    lostInOutage += hints;
    onLost?.(hints);
  };

  const take = (): readonly Hint[] => {
    let count = 0;
    let chars = 0;
    for (const { frame = '' } of waiting) {
      if (count === BATCH_HINTS || (count > 0 && chars + frame.length > BATCH_CHARS)) break;
      count += 1;
      chars += frame.length;
    }
    waitingChars -= chars;
    return waiting.splice(0, count);
  };

  const run = async (): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve));
    while (waiting.length > 0) {
      const batch = take();
      try {
        await send(batch);
        if (waiting.length > 0 || lostInOutage === 0) continue;
        onRecovered(lostInOutage);
        lostInOutage = 0;
      } catch (error) {
        if (!closed) lose(batch.length, error);
      }
    }
    running = undefined;
  };

  const put = (hint: Hint): void => {
    const { frame, ...bare } = hint;
    const chars = frame?.length ?? 0;
    const travels = chars <= MAX_FRAME_CHARS && waitingChars + chars <= MAX_WAITING_CHARS;
    waiting.push(travels ? hint : bare);
    if (travels) waitingChars += chars;
  };

  const dropOldest = (count: number): void => {
    if (count <= 0) return;
    for (const { frame = '' } of waiting.splice(0, count)) waitingChars -= frame.length;
    lose(count, undefined);
  };

  return {
    add(hints) {
      if (closed || hints.length === 0) return;
      for (const hint of hints) put(hint);
      dropOldest(waiting.length - maxHints);
      running ??= run();
    },
    settled: () => running ?? Promise.resolve(),
    close() {
      closed = true;
      waiting = [];
      waitingChars = 0;
    },
  };
}

/** A line when hints begin to be lost, and one when that is over. */
export function outageLines(logger: {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}): Pick<HintOutboxOptions, 'onOutage' | 'onRecovered'> {
  return {
    onOutage(error) {
      const reason = error instanceof Error ? error.message : 'too many hints are waiting';
      logger.warn({ reason }, 'backplane: hints are lost; heartbeats deliver');
    },
    onRecovered: (lost) => logger.info({ lost }, 'backplane: hints are sent again'),
  };
}

/** Resolves when all that was added is sent or lost, or after a second. */
export async function settledSoon(outbox: HintOutbox, clock: Clock): Promise<void> {
  const late = new AbortController();
  await Promise.race([outbox.settled(), sleep(clock, CLOSE_WITHIN_MS, late.signal)]);
  late.abort();
}
