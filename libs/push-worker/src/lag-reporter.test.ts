import type { Log, LogLag } from '@belfry/core/log';
import { createLogger, createMetrics } from '@belfry/runtime';
import { createFakeClock } from '@belfry/testing/fake-clock';
import { expect, it } from 'vitest';
import { createLagReporter } from './lag-reporter.ts';

const lag = (logTopic: string, partition: number, records: bigint, oldestAgeMs: number): LogLag => ({
  logTopic,
  partition,
  records,
  oldestAgeMs,
});

it('adds up the partitions of a topic, takes the oldest age, and keeps the last figures while the log does not answer', async () => {
  const clock = createFakeClock();
  const metrics = createMetrics({ processMetrics: false });
  let answer: () => Promise<readonly LogLag[]> = async () => [lag('jobs', 0, 3n, 500), lag('jobs', 1, 4n, 2_000)];
  const log = { lag: () => answer() } as unknown as Log;
  const reporter = createLagReporter('router', log, clock, metrics, createLogger({ level: 'silent' }));
  const figures = async () => {
    const text = await metrics.registry.metrics();
    return [/lag_records\{.*\} (\d+)/, /lag_oldest_seconds\{.*\} (\d+)/].map((pattern) => pattern.exec(text)?.[1]);
  };

  await reporter.start();
  await clock.settle();
  expect(await figures()).toEqual(['7', '2']);

  answer = () => Promise.reject(new Error('down'));
  await clock.advance(5_000);
  expect(await figures()).toEqual(['7', '2']);

  answer = async () => [lag('jobs', 0, 0n, 0)];
  await clock.advance(5_000);
  expect(await figures()).toEqual(['0', '0']);

  await reporter.stop();
  expect(clock.pending).toBe(0);
});
