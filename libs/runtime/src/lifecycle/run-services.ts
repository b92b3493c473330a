import type { Service } from '@belfry/core/service';
import type { ProcessEdge } from './process-edge.ts';
import { type StartOptions, startServices } from './start-services.ts';

export type RunOptions = StartOptions & {
  /** Time from the signal to the end of the process. Below the orchestrator's kill timeout (Kubernetes: 30 s unless told otherwise). */
  readonly stopBudgetMs: number;
  readonly signals: ProcessEdge;
};

/**
 * The life of a process: start in order, serve until SIGTERM or SIGINT, drain and stop in reverse, exit 0. Exits 1 when a start fails, when stopping
 * takes longer than its budget, and on an error that nobody caught, after which memory can no longer be trusted. A second signal exits at once.
 */
export async function runServices(services: readonly Service[], options: RunOptions): Promise<void> {
  const { logger, signals, stopBudgetMs } = options;
  const asked = Promise.withResolvers<string>();
  let received = 0;
  signals.onSignal((signal) => {
    received += 1;
    if (received > 1) {
      logger.warn({ signal }, 'second signal: exiting at once');
      signals.exit(1);
      return;
    }
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

  await asked.promise;
  const left = await start.running.stop(stopBudgetMs);
  if (left.length > 0) logger.error({ services: left, stopBudgetMs }, 'not everything stopped in time');
  else logger.info('stopped');
  signals.exit(left.length > 0 ? 1 : 0);
}
