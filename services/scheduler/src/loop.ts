import { type Clock, sleep } from '@belfry/core/clock';
import type { Service } from '@belfry/core/service';
import type { Logger } from '@belfry/runtime';

const PAUSE_AFTER_ERROR_MS = 1_000;

/** A service that does one thing over and over. An error pauses it and takes its readiness away; it never ends the loop. */
export function createLoop(
  name: string,
  clock: Clock,
  logger: Logger,
  step: (signal: AbortSignal) => Promise<void>,
): Service {
  const controller = new AbortController();
  let running: Promise<void> = Promise.resolve();
  let failing: string | undefined;

  async function run(): Promise<void> {
    while (!controller.signal.aborted) {
      try {
        await step(controller.signal);
        failing = undefined;
      } catch (error) {
        if (failing === undefined) logger.error({ service: name, err: error }, `${name} failed, trying again`);
        failing = error instanceof Error ? error.message : String(error);
        await sleep(clock, PAUSE_AFTER_ERROR_MS, controller.signal);
      }
    }
  }

  return {
    name,
    start: async () => {
      running = run();
    },
    stop: async () => {
      controller.abort();
      await running;
    },
    unready: () => failing,
  };
}
