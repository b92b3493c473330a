import type { ClientState } from '@belfry/client';
import { formatRemaining } from './format.ts';
import { pageClock } from './page-clock.ts';

export type ConnectionState = { show(state: ClientState): void; idle(): void };

const TRANSPORTS = { websocket: 'WebSocket', sse: 'SSE' } as const;
const TICK_MS = 200;

/** Says in words how the connection stands, and counts down to the next attempt. */
export function createConnectionState(element: HTMLElement): ConnectionState {
  let untilMs: number | undefined;
  let reason = '';

  const write = (text: string, tone: string): void => {
    if (element.textContent !== text) element.textContent = text;
    element.dataset.tone = tone;
  };
  const count = (): void => {
    if (untilMs !== undefined) {
      write(`Connection lost (${reason}). Trying again in ${formatRemaining(untilMs - pageClock.nowMs())}`, 'warn');
    }
  };
  pageClock.every(TICK_MS, count);

  return {
    idle() {
      untilMs = undefined;
      write('Not connected', 'quiet');
    },
    show(state) {
      untilMs = undefined;
      switch (state.state) {
        case 'idle':
          return write('Not connected', 'quiet');
        case 'connecting':
          return write(`Connecting over ${TRANSPORTS[state.transport]}`, 'busy');
        case 'connected':
          return write(
            `Connected over ${TRANSPORTS[state.transport]}${state.recovered ? '' : ', from now on: older ones are in the inbox'}`,
            'good',
          );
        case 'waiting':
          untilMs = pageClock.nowMs() + state.retryInMs;
          reason = state.reason;
          return count();
        case 'closed':
          return write(`Closed: ${state.reason}`, 'bad');
      }
    },
  };
}
