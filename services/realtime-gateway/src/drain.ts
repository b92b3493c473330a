import { type Clock, sleep } from '@belfry/core/clock';
import type { Random } from '@belfry/core/random';
import { CLOSE_CODES } from '@belfry/protocol/close-codes';
import type { ConnectionSet } from './connection-set.ts';

export type DrainOptions = {
  readonly connections: ConnectionSet;
  readonly clock: Clock;
  readonly random: Random;
  readonly windowMs: number;
  readonly reconnectSpreadMs: number;
};

const STEP_MS = 100;
/** Clients come back no sooner: the gateway that takes them has to be told apart from the one that leaves. */
const RECONNECT_FLOOR_MS = 200;

/**
 * Sends the connections away, evenly over the window, each with a random time after which to come back, so that the other gateways get a stream of newcomers
 * and not a wave. Resolves when all have gone; those left at `deadline` are closed at once.
 */
export async function drainConnections(options: DrainOptions, deadline: AbortSignal): Promise<void> {
  const { connections, clock, random } = options;
  const leaving = connections.all();
  const perStep = Math.max(1, Math.ceil((leaving.length * STEP_MS) / Math.max(STEP_MS, options.windowMs)));
  for (let sent = 0; sent < leaving.length && !deadline.aborted; sent += perStep) {
    if (sent > 0) await sleep(clock, STEP_MS, deadline);
    for (const connection of leaving.slice(sent, sent + perStep)) {
      connection.drain(RECONNECT_FLOOR_MS + Math.floor(random.next() * options.reconnectSpreadMs));
    }
  }
  // A handshake that was under way when the drain began may have added some.
  const aborted = new Promise<void>((resolve) => {
    if (deadline.aborted) resolve();
    else deadline.addEventListener('abort', () => resolve(), { once: true });
  });
  for (const connection of connections.all()) connection.drain(RECONNECT_FLOOR_MS);
  await Promise.race([connections.empty(), aborted]);
  for (const connection of connections.all()) connection.close(CLOSE_CODES.restart);
}
