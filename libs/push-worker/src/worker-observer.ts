import type { Logger, Metrics } from '@belfry/runtime';
import type { WorkerObserver } from '@belfry/worker';

/** Metrics and log lines of a worker: what is in flight, and why it does not take work. */
export function workerObserver(group: string, metrics: Metrics, logger: Logger): WorkerObserver {
  const at = (partition: { logTopic: string; partition: number }): string =>
    `${partition.logTopic}:${partition.partition}`;
  return {
    started: (lane) => metrics.inFlight.inc({ group, lane }),
    finished: (lane) => metrics.inFlight.dec({ group, lane }),
    lookAheadReached: (partition, watermark) =>
      logger.warn(
        { group, partition: at(partition), watermark: watermark.toString() },
        'a record holds its partition back',
      ),
    commitFailed: (partition, error) => logger.warn({ group, partition: at(partition), err: error }, 'commit failed'),
    handlerFailed: (record, error) =>
      logger.error(
        { group, partition: at(record), offset: record.offset.toString(), err: error },
        'record not finished, will be tried again',
      ),
    intakeClosed: (reason, pauseMs) => logger.warn({ group, reason, pauseMs }, 'not taking work'),
    intakeOpened: () => logger.info({ group }, 'taking work again'),
    abandoned: (handlers) => logger.warn({ group, handlers }, 'stopped with records under way; they will be repeated'),
  };
}
