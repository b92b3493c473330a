import type { Cancel, Clock } from '@belfry/core/clock';
import type { Service } from '@belfry/core/service';
import type { Logger } from '@belfry/runtime';

export type BackendProbeOptions = {
  /** As operators call it: `Kafka`, `PostgreSQL`. */
  readonly name: string;
  /** A cheap question that only a working backend answers. */
  readonly ask: () => Promise<unknown>;
  /** Whether it takes readiness away, or is only logged. */
  readonly decides: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Milliseconds between two questions. Default 5,000. */
  readonly intervalMs?: number;
  /** A question that has no answer after this many milliseconds has failed. Default 5,000. */
  readonly timeoutMs?: number;
};

/** Says when a backend does not answer and when it does again, and takes readiness away in between where it decides. Never ends the process: an outage there is no fault here. */
export function createBackendProbe(options: BackendProbeOptions): Service {
  const { name, ask, decides, clock, logger, intervalMs = 5_000, timeoutMs = 5_000 } = options;
  let failing: string | undefined;
  let stopped = false;
  let cancel: Cancel = () => {};

  const look = async (): Promise<void> => {
    const problem = await answerWithin(ask, clock, timeoutMs);
    if (stopped) return;
    if (problem !== undefined && failing === undefined) logger.error({ reason: problem }, `${name} does not answer`);
    if (problem === undefined && failing !== undefined) logger.info(`${name} answers again`);
    failing = problem;
    cancel = clock.schedule(intervalMs, () => void look());
  };

  return {
    name: `${name} probe`,
    start: async () => {
      cancel = clock.schedule(intervalMs, () => void look());
    },
    stop: async () => {
      stopped = true;
      cancel();
    },
    unready: () => (decides && failing !== undefined ? `${name} does not answer: ${failing}` : undefined),
  };
}

/** What is wrong, or undefined. */
function answerWithin(ask: () => Promise<unknown>, clock: Clock, timeoutMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const cancel = clock.schedule(timeoutMs, () => resolve(`no answer within ${timeoutMs} ms`));
    ask()
      .then(
        () => resolve(undefined),
        (error: unknown) => resolve(error instanceof Error ? error.message : String(error)),
      )
      .finally(cancel);
  });
}
