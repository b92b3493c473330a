import { flushCompileCache } from 'node:module';
import type { Service } from '@belfry/core/service';
import type { ProcessEdge } from './process-edge.ts';
import { type StartOptions, startServices } from './start-services.ts';

export type RunOptions = StartOptions & {
  /** Time from the signal to the end of the process. Below the orchestrator's kill timeout (Kubernetes: 30 s unless told otherwise). */
  readonly stopBudgetMs: number;
  readonly signals: ProcessEdge;
};

/**
 * One Ctrl-C under npm arrives twice: from the terminal, and passed on by npm. A repeat within this time is the same request, not impatience.
 */
const SAME_REQUEST_MS = 500;

/**
 * The life of a process: start in order, serve until SIGTERM or SIGINT, drain and stop in reverse, exit 0. Exits 1 when a start fails, when stopping
 * takes longer than its budget, and on an error that nobody caught, after which memory can no longer be trusted. A second signal (half a second later or more) exits at once.
 */
export async function runServices(services: readonly Service[], options: RunOptions): Promise<void> {
  const { logger, signals, stopBudgetMs, clock } = options;
  const asked = Promise.withResolvers<string>();
  let askedAtMs: number | undefined;
  signals.onSignal((signal) => {
    if (askedAtMs !== undefined) {
      if (clock.monotonicMs() - askedAtMs < SAME_REQUEST_MS) return;
      logger.warn({ signal }, 'second signal: exiting at once');
      signals.exit(1);
      return;
    }
    askedAtMs = clock.monotonicMs();
    logger.info({ signal }, 'stopping');
    asked.resolve(signal);
  });
  signals.onFault((error, origin) => {
    logger.fatal({ err: error, origin }, 'an error that nobody caught: the process ends');
    signals.exit(1);
  });

  const start = await startServices(services, options);
  if (!start.ok) {
    logger.fatal({ service: start.service, err: start.cause }, `${start.service} did not start`);
    signals.exit(1);
    return;
  }
  logger.info({ services: services.map((service) => service.name) }, 'started');
  // Node writes it at the end only, which a process that is killed does not have: the next start would strip the types of every module again.
  flushCompileCache();

  await asked.promise;
  const left = await start.running.stop(stopBudgetMs);
  if (left.length > 0) logger.error({ services: left, stopBudgetMs }, 'not everything stopped in time');
  else logger.info('stopped');
  signals.exit(left.length > 0 ? 1 : 0);
}
