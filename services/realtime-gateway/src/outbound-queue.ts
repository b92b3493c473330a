import type { Writable } from 'node:stream';
import type { Clock } from '@belfry/core/clock';
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
  readonly encode: (frame: SharedFrame) => Buffer;
  readonly clock: Clock;
  readonly turn: TurnFlush;
  readonly limitBytes: number;
  /** False when the sink must not be written any more, though it still could be. */
  readonly isWritable: () => boolean;
  /** More than `limitBytes` are waiting: the client does not read. Called once. */
  readonly onOverflow: () => void;
  readonly onWritten: (frames: readonly SharedFrame[]) => void;
};

export function createOutboundQueue(options: OutboundQueueOptions): OutboundQueue {
  const { sink, encode, clock, turn, limitBytes } = options;
  let frames: SharedFrame[] = [];
  let waitingBytes = 0;
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

  const close = (): void => {
    if (closed) return;
    closed = true;
    frames = [];
    waitingBytes = 0;
    sink.off('drain', onDrain);
    release();
  };

  const flush = (): void => {
    if (closed || frames.length === 0) return;
    if (!options.isWritable()) {
      close();
      return;
    }
    const written = frames;
    frames = [];
    waitingBytes = 0;
    const [first] = written;
    sink.write(written.length === 1 && first !== undefined ? encode(first) : Buffer.concat(written.map(encode)));
    options.onWritten(written);
    if (sink.writableLength > 0) stalledSinceMs ??= clock.monotonicMs();
    if (!sink.writableNeedDrain) release();
  };
  const queuedBytes = (): number => waitingBytes + sink.writableLength;

  return {
    push(frame) {
      if (closed) return;
      if (frames.length === 0) turn.add(flush);
      frames.push(frame);
      waitingBytes += encode(frame).length;
      if (queuedBytes() <= limitBytes) return;
      close();
      options.onOverflow();
    },
    flush,
    queuedBytes,
    stalledMs() {
      // A backlog below the high-water mark empties without a drain event.
      if (sink.writableLength === 0) stalledSinceMs = undefined;
      return stalledSinceMs === undefined ? 0 : clock.monotonicMs() - stalledSinceMs;
    },
    drained() {
      if (closed || (frames.length === 0 && !sink.writableNeedDrain)) return Promise.resolve();
      return new Promise((resolve) => {
        waiters.push(resolve);
      });
    },
    close,
  };
}
