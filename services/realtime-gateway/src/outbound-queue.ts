import type { Writable } from 'node:stream';
import type { Clock } from '@belfry/core/clock';
import type { FrameEncoder } from './frame-encoder.ts';
import type { SharedFrame } from './shared-frame.ts';
import type { TurnFlush } from './turn-flush.ts';

export type OutboundQueue = {
  /** Written when this turn of the event loop ends. */
  push(frame: SharedFrame): void;
  /** Writes now what is waiting; before a close, which must come behind it. */
  flush(): void;
  /** Bytes that the client has not taken: waiting here and in the socket. */
  queuedBytes(): number;
  /** For how long nothing has drained; 0 when nothing is waiting. */
  stalledMs(): number;
  /** Resolves when what is waiting now is with the kernel, or the queue was closed. */
  drained(): Promise<void>;
  /** Drops what is waiting. Nothing is written afterwards. */
  close(): void;
};

export type OutboundQueueOptions = {
  /** The socket of a WebSocket, the response of an SSE request. */
  readonly sink: Writable;
  readonly encoder: FrameEncoder;
  readonly clock: Clock;
  readonly turn: TurnFlush;
  readonly limitBytes: number;
  /** False when the sink must not be written any more, though it still could be. */
  readonly isWritable: () => boolean;
  /** More than `limitBytes` are waiting: the client does not read. Called once. */
  readonly onOverflow: () => void;
  readonly onWritten: (written: Written) => void;
};

/** What one write carried. */
export type Written = {
  readonly notifications: number;
  /** hello, pong, goodbye, error. */
  readonly controls: number;
  /** Notifications that no other connection had written before. */
  readonly notificationIds: readonly string[];
};

const NOTHING = Buffer.alloc(0);

export function createOutboundQueue(options: OutboundQueueOptions): OutboundQueue {
  const { sink, encoder, clock, turn, limitBytes } = options;
  /** The frames of this turn, encoded one behind the other. */
  let waiting: Buffer = NOTHING;
  let waitingBytes = 0;
  let notifications = 0;
  let controls = 0;
  let notificationIds: string[] = [];
  /** What the last write took; the next will be about as long. */
  let usualBytes = 0;
  let closed = false;
  let stalledSinceMs: number | undefined;
  let waiters: (() => void)[] = [];

  const release = (): void => {
    const due = waiters;
    waiters = [];
    for (const waiter of due) waiter();
  };
  const onDrain = (): void => {
    stalledSinceMs = undefined;
    release();
  };
  sink.on('drain', onDrain);

  const forget = (): void => {
    waiting = NOTHING;
    waitingBytes = 0;
    notifications = 0;
    controls = 0;
    notificationIds = [];
  };
  const close = (): void => {
    if (closed) return;
    closed = true;
    forget();
    sink.off('drain', onDrain);
    release();
  };
  const queuedBytes = (): number => waitingBytes + sink.writableLength;

  const flush = (): void => {
    if (closed || waitingBytes === 0) return;
    if (!options.isWritable()) {
      close();
      return;
    }
    const bytes = waiting.subarray(0, waitingBytes);
    const written: Written = { notifications, controls, notificationIds };
    usualBytes = waitingBytes;
    forget();
    sink.write(bytes);
    options.onWritten(written);
    if (sink.writableLength > 0) stalledSinceMs ??= clock.monotonicMs();
    if (!sink.writableNeedDrain) release();
  };

  /** Room for `size` bytes more. The sink may hold what it was given, so a buffer is never used twice. */
  const makeRoom = (size: number): void => {
    const needed = waitingBytes + size;
    if (needed <= waiting.length) return;
    const larger = Buffer.allocUnsafe(waitingBytes === 0 ? Math.max(size, usualBytes) : needed * 2);
    waiting.copy(larger, 0, 0, waitingBytes);
    waiting = larger;
  };

  return {
    push(frame) {
      if (closed) return;
      const size = encoder.size(frame);
      if (queuedBytes() + size > limitBytes) {
        close();
        options.onOverflow();
        return;
      }
      if (waitingBytes === 0) turn.add(flush);
      makeRoom(size);
      encoder.write(frame, waiting, waitingBytes, size);
      waitingBytes += size;
      if (frame.notificationId === undefined) {
        controls += 1;
        return;
      }
      notifications += 1;
      if (frame.marked) return;
      frame.marked = true;
      notificationIds.push(frame.notificationId);
    },
    flush,
    queuedBytes,
    stalledMs() {
      // A backlog below the high-water mark empties without a drain event.
      if (sink.writableLength === 0) stalledSinceMs = undefined;
      return stalledSinceMs === undefined ? 0 : clock.monotonicMs() - stalledSinceMs;
    },
    drained() {
      if (closed || (waitingBytes === 0 && !sink.writableNeedDrain)) return Promise.resolve();
      return new Promise((resolve) => {
        waiters.push(resolve);
      });
    },
    close,
  };
}
