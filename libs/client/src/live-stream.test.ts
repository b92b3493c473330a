import type { ServerFrame } from '@belfry/protocol/frames';
import { createFakeClock } from '@belfry/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import type { ClientState, TransportKind } from './client-options.ts';
import type { Link, LinkEvents } from './link.ts';
import { createLiveStream } from './live-stream.ts';
import { checkReconnectBounds, RECONNECT, reconnectDelayMs } from './reconnect-schedule.ts';

const HELLO: ServerFrame = {
  type: 'hello',
  cursor: 'e:1',
  recovered: true,
  tenant: 'default',
  user: 'alice',
  heartbeatMs: 25_000,
};
const LOST = { code: 1006, reason: 'connection-lost' };

function createStream(transport: 'auto' | TransportKind = 'auto', random = () => 0.5, reconnect = RECONNECT) {
  const clock = createFakeClock();
  const attempts: { readonly transport: TransportKind; readonly events: LinkEvents; closed: boolean }[] = [];
  const states: ClientState[] = [];
  const stream = createLiveStream({
    transport,
    open(kind, events): Link {
      const attempt = { transport: kind, events, closed: false };
      attempts.push(attempt);
      return {
        transport: kind,
        send: () => true,
        close: () => {
          attempt.closed = true;
        },
      };
    },
    clock,
    random,
    reconnect,
    onHello: ({ recovered }) => ({ recovered }),
    onNotification: () => undefined,
    onState: (state) => states.push(state),
  });
  const last = () => {
    const attempt = attempts.at(-1);
    if (attempt === undefined) throw new Error('nothing was opened');
    return attempt;
  };
  const waits = () => states.flatMap((state) => (state.state === 'waiting' ? [state.retryInMs] : []));
  return { stream, clock, attempts, states, last, waits };
}

describe('the reconnect schedule', () => {
  it.each([
    [0, 0.999, undefined, 499],
    [1, 0.999, undefined, 999],
    [6, 0.5, undefined, 16_000],
    [7, 0.5, undefined, 30_000],
    [500, 0.5, undefined, 30_000],
    [3, 0, undefined, 0],
    [9, 0.9, 1_234, 1_234],
  ])('after %i failures, random %f, asked %s: %i ms', (failures, random, asked, expected) => {
    expect(reconnectDelayMs(failures, () => random, asked)).toBe(expected);
  });

  it.each([
    [undefined, { baseMs: 500, maxMs: 60_000 }],
    [{ baseMs: 50 }, { baseMs: 50, maxMs: 60_000 }],
    [{ baseMs: 90_000 }, { baseMs: 90_000, maxMs: 90_000 }],
    [
      { baseMs: 50, maxMs: 50 },
      { baseMs: 50, maxMs: 50 },
    ],
  ])('with %j is bounded by %j', (given, expected) => {
    expect(checkReconnectBounds(given)).toEqual(expected);
  });

  it.each([
    [{ baseMs: 0 }, 'reconnect.baseMs'],
    [{ baseMs: Number.NaN }, 'reconnect.baseMs'],
    [{ baseMs: 100, maxMs: 99 }, 'reconnect.maxMs'],
    [{ maxMs: Number.POSITIVE_INFINITY }, 'reconnect.maxMs'],
  ])('refuses %j', (given, named) => {
    expect(() => checkReconnectBounds(given)).toThrow(named);
  });
});

describe('a live stream', () => {
  it('waits longer from failure to failure, and starts over after 30 s of quiet', async () => {
    const { stream, clock, last, waits } = createStream('websocket');
    stream.connect();
    for (let failure = 0; failure < 5; failure++) {
      last().events.ended(LOST);
      await clock.advance(60_000);
    }
    expect(waits()).toEqual([250, 500, 1_000, 2_000, 4_000]);
    last().events.frame(HELLO);
    await clock.advance(29_000);
    last().events.ended(LOST);
    await clock.advance(60_000);
    last().events.frame(HELLO);
    await clock.advance(30_000);
    last().events.ended(LOST);
    expect(waits().slice(5)).toEqual([8_000, 250]);
  });

  it('waits no longer than the page allows', async () => {
    const { stream, clock, last, waits } = createStream('websocket', () => 0.5, { baseMs: 20, maxMs: 60 });
    stream.connect();
    for (let failure = 0; failure < 4; failure++) {
      last().events.ended(LOST);
      await clock.advance(100);
    }
    expect(waits()).toEqual([10, 20, 30, 30]);
  });

  it('comes back when it was asked to', async () => {
    const { stream, clock, last, waits, attempts } = createStream();
    stream.connect();
    last().events.frame(HELLO);
    last().events.frame({ type: 'goodbye', reconnectAfterMs: 7_000 });
    last().events.ended({ code: 1012, reason: 'restart' });
    expect(waits()).toEqual([7_000]);
    await clock.advance(6_999);
    expect(attempts).toHaveLength(1);
    await clock.advance(1);
    expect(attempts).toHaveLength(2);
  });

  it('changes the transport after two attempts without a hello, and back again', async () => {
    const { stream, clock, last, attempts } = createStream();
    stream.connect();
    for (let failure = 0; failure < 5; failure++) {
      last().events.ended(LOST);
      await clock.advance(60_000);
    }
    const tried = attempts.map((attempt) => attempt.transport);
    expect(tried).toEqual(['websocket', 'websocket', 'sse', 'sse', 'websocket', 'websocket']);
  });

  it('stays with a transport that worked', async () => {
    const { stream, clock, last, attempts } = createStream();
    stream.connect();
    for (let round = 0; round < 4; round++) {
      last().events.frame(HELLO);
      last().events.ended(LOST);
      await clock.advance(60_000);
    }
    expect(new Set(attempts.map((attempt) => attempt.transport))).toEqual(new Set(['websocket']));
  });

  it.each([
    [1012, true],
    [4008, true],
    [4403, true],
    [1008, false],
    [1009, false],
    [4503, false],
  ])('reconnects after close code %i: %s', async (code, again) => {
    const { stream, clock, last, attempts, states } = createStream();
    stream.connect();
    last().events.frame(HELLO);
    last().events.ended({ code, reason: 'why' });
    await clock.advance(60_000);
    expect(attempts).toHaveLength(again ? 2 : 1);
    if (!again) expect(states.at(-1)).toEqual({ state: 'closed', reason: 'why' });
  });

  it('gives up when three fresh credentials in a row were refused', async () => {
    const { stream, clock, last, attempts, states } = createStream('websocket');
    stream.connect();
    for (let refusal = 0; refusal < 3; refusal++) {
      last().events.ended({ code: 4501, reason: 'unauthenticated' });
      await clock.advance(60_000);
    }
    expect(attempts).toHaveLength(3);
    expect(states.at(-1)).toEqual({ state: 'closed', reason: 'unauthenticated' });
  });

  it('is closed by the page in every state, and opened again', async () => {
    const { stream, clock, last, attempts } = createStream();
    stream.connect();
    last().events.ended(LOST);
    stream.close();
    await clock.advance(60_000);
    expect(attempts).toHaveLength(1);
    stream.connect();
    expect(attempts).toHaveLength(2);
    const second = last();
    stream.close();
    expect(second.closed).toBe(true);
    second.events.frame(HELLO);
    second.events.ended(LOST);
    expect(stream.state()).toEqual({ state: 'closed', reason: 'closed-by-page' });
  });
});
