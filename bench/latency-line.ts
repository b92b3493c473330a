import { Pool } from 'undici';
import { BENCH_HEADERS } from './bench-api-key.ts';
import { askChild, startChild } from './child-process.ts';
import type { Collected, Command } from './latency-clients.ts';
import { type PacedSends, sendPaced } from './paced-sends.ts';

/** From POSTs of this process to WebSockets of another, through whatever lies between. */
export type LatencyLine = {
  /** Posts at a steady rate, to each user in turn. Resolves when everything has arrived; rejects where something has not in 30 s. */
  measure(rate: number, seconds: number): Promise<PacedSends & Collected>;
  close(): Promise<void>;
};

export type LatencyLineOptions = {
  /** Takes `POST /v1/notifications`. */
  readonly api: string;
  /** Takes WebSockets at `/v1/realtime`. */
  readonly realtime: string;
  /** Of `user-0`, `user-1`, and so on. */
  readonly tickets: readonly string[];
  readonly connections: number;
  readonly acknowledge: boolean;
};

const ARRIVED_WITHIN_MS = 30_000;

/** Resolves when all clients are connected. */
export async function openLatencyLine(options: LatencyLineOptions): Promise<LatencyLine> {
  const clients = startChild('latency-clients.ts');
  const ask = <Answer>(command: Command) => askChild<Answer>(clients, command);
  // Further posts wait in the pool, and that wait is measured too. Half the processor time of a request of Node's own, which would be missing elsewhere.
  const pool = new Pool(options.api, { connections: options.connections, pipelining: 1 });
  const url = `${options.realtime.replace('http', 'ws')}/v1/realtime`;
  await ask({ kind: 'connect', url, tickets: options.tickets, acknowledge: options.acknowledge });
  return {
    async measure(rate, seconds) {
      const sends = await sendPaced(rate, seconds, (index, sentMs) =>
        post(pool, `user-${index % options.tickets.length}`, sentMs),
      );
      const frames = sends.answeredMs.length;
      const collected = await ask<Collected>({ kind: 'collect', frames, withinMs: ARRIVED_WITHIN_MS });
      const arrived = collected.latenciesMs.length;
      if (arrived !== frames) throw new Error(`${arrived} of ${frames} notifications arrived`);
      return { ...sends, ...collected };
    },
    async close() {
      await pool.destroy();
      if (clients.connected) clients.disconnect();
    },
  };
}

function post(pool: Pool, user: string, sentMs: number): Promise<void> {
  const body = JSON.stringify({
    to: { users: [user] },
    type: 'build.finished',
    title: 'A build has finished',
    body: 'All 1,204 tests passed in 3 min 12 s. The artefacts are kept for a week.',
    data: { sentMs },
  });
  return new Promise((resolve, reject) => {
    pool.dispatch(
      { path: '/v1/notifications', method: 'POST', headers: BENCH_HEADERS, body },
      {
        onRequestStart: () => {},
        onResponseStart: (_controller, status) => {
          if (status !== 202) reject(new Error(`status ${status}`));
        },
        onResponseData: () => {},
        onResponseEnd: () => resolve(),
        onResponseError: (_controller, error) => reject(error),
      },
    );
  });
}
