import type { Clock } from '@belfry/core/clock';
import type { Log } from '@belfry/core/log';
import type { Service } from '@belfry/core/service';
import type { Logger, Metrics } from '@belfry/runtime';

const INTERVAL_MS = 5_000;

/** Keeps the lag metrics of a group up to date: what autoscalers and alerts look at. A log that does not answer leaves the last figures. */
export function createLagReporter(group: string, log: Log, clock: Clock, metrics: Metrics, logger: Logger): Service {
  let cancel = (): void => {};
  let stopped = false;

  async function report(): Promise<void> {
    try {
      const byTopic = new Map<string, { records: number; oldestAgeMs: number }>();
      for (const lag of await log.lag(group)) {
        const sum = byTopic.get(lag.logTopic) ?? { records: 0, oldestAgeMs: 0 };
        sum.records += Number(lag.records);
        sum.oldestAgeMs = Math.max(sum.oldestAgeMs, lag.oldestAgeMs);
        byTopic.set(lag.logTopic, sum);
      }
      for (const [log_topic, { records, oldestAgeMs }] of byTopic) {
        metrics.lagRecords.set({ group, log_topic }, records);
        metrics.lagOldestSeconds.set({ group, log_topic }, oldestAgeMs / 1_000);
      }
    } catch (error) {
      logger.warn({ group, err: error }, 'lag is not known');
    }
    if (!stopped) cancel = clock.schedule(INTERVAL_MS, () => void report());
  }

  return {
    name: `${group}-lag`,
    start: async () => {
      void report();
    },
    stop: async () => {
      stopped = true;
      cancel();
    },
  };
}
