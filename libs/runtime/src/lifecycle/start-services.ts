import type { Clock } from '@belfry/core/clock';
import type { Service } from '@belfry/core/service';
import type { Logger } from '../logger.ts';

export type StartOptions = { readonly logger: Logger; readonly clock: Clock };

export type RunningServices = {
  /**
   * Drains all, then stops all, last started first. Draining ends after three quarters of `budgetMs`; resolves at the latest when all of it is used.
   * The answer names the services that had not stopped by then, or whose stop failed. A second call gets the first one's answer.
   */
  stop(budgetMs: number): Promise<readonly string[]>;
};

export type Started =
  | { readonly ok: true; readonly running: RunningServices }
  | { readonly ok: false; readonly service: string; readonly cause: unknown };

const DRAIN_SHARE = 0.75;
/** What a failed start may take to undo itself; nobody is being served yet. */
const UNDO_BUDGET_MS = 5_000;

/** Starts in order, each after the one before it is up. If one fails, those that are up are stopped again. */
export async function startServices(services: readonly Service[], options: StartOptions): Promise<Started> {
  const started: Service[] = [];
  for (const service of services) {
    try {
      await service.start();
    } catch (cause) {
      await stopStarted(started, options, UNDO_BUDGET_MS);
      return { ok: false, service: service.name, cause };
    }
    started.push(service);
    options.logger.debug({ service: service.name }, 'service started');
  }
  let stopping: Promise<readonly string[]> | undefined;
  return {
    ok: true,
    running: {
      stop(budgetMs) {
        stopping ??= stopStarted(started, options, budgetMs);
        return stopping;
      },
    },
  };
}

async function stopStarted(
  started: readonly Service[],
  { logger, clock }: StartOptions,
  budgetMs: number,
): Promise<readonly string[]> {
  const drainDeadline = new AbortController();
  const left = new Set(started.map((service) => service.name));
  const backwards = started.toReversed();

  const work = async () => {
    for (const service of backwards) {
      await attempt(service.name, 'drain', logger, () => service.drain?.(drainDeadline.signal));
    }
    for (const service of backwards) {
      if (await attempt(service.name, 'stop', logger, () => service.stop())) left.delete(service.name);
    }
  };

  await new Promise<void>((resolve) => {
    const cancelDrain = clock.schedule(budgetMs * DRAIN_SHARE, () => drainDeadline.abort());
    const cancelAll = clock.schedule(budgetMs, resolve);
    void work().finally(() => {
      cancelDrain();
      cancelAll();
      resolve();
    });
  });
  return [...left];
}

/** True when it succeeded. A service that fails to stop must not keep the others from stopping. */
async function attempt(service: string, step: string, logger: Logger, action: () => Promise<void> | undefined) {
  try {
    await action();
    return true;
  } catch (error) {
    logger.error({ service, err: error }, `${step} failed`);
    return false;
  }
}
