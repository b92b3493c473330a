import type { ServerResponse } from 'node:http';
import type { Clock } from '@belfry/core/clock';
import { eventEncoder } from './frame-encoder.ts';
import { createOutboundQueue } from './outbound-queue.ts';
import type { Transport, TransportEvents } from './transport.ts';
import type { TurnFlush } from './turn-flush.ts';

export type SseTransportOptions = {
  /** Its head was sent already. */
  readonly response: ServerResponse;
  readonly clock: Clock;
  readonly turn: TurnFlush;
  readonly heartbeatMs: number;
  readonly queueBytes: number;
  /** A client that has not taken the end of the response by then is cut off. */
  readonly closeTimeoutMs: number;
  readonly events: TransportEvents;
};

export function createSseTransport(options: SseTransportOptions): Transport {
  const { response, clock, events } = options;
  const isOpen = (): boolean => !response.writableEnded && !response.destroyed;
  const queue = createOutboundQueue({
    sink: response,
    encoder: eventEncoder,
    clock,
    turn: options.turn,
    limitBytes: options.queueBytes,
    isWritable: isOpen,
    onOverflow: events.overflowed,
    onWritten: events.written,
  });
  response.once('close', queue.close);
  return {
    kind: 'sse',
    heartbeatMs: options.heartbeatMs,
    answersHeartbeat: false,
    send: queue.push,
    heartbeat() {
      queue.flush();
      if (isOpen()) response.write(':\n\n');
    },
    // A stream has no close codes: it ends, and the client comes back with its last event id.
    close() {
      queue.flush();
      queue.close();
      if (!isOpen()) return;
      response.end();
      const cancel = clock.schedule(options.closeTimeoutMs, () => response.destroy());
      response.once('close', cancel);
    },
    queuedBytes: queue.queuedBytes,
    stalledMs: queue.stalledMs,
    drained: queue.drained,
  };
}
