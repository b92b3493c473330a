import type { PushChannelAdapter } from '@belfry/core/channel';
import type { Clock } from '@belfry/core/clock';
import type { Log } from '@belfry/core/log';
import { LANES } from '@belfry/core/notification';
import type { Random } from '@belfry/core/random';
import { DEFAULT_JITTER } from '@belfry/core/retry-policy';
import type { Service } from '@belfry/core/service';
import type { Store } from '@belfry/core/store/store';
import {
  type BreakerCause,
  createDeadLetterFeed,
  createDeliver,
  createHostBreaker,
  type ReceiptFeed,
} from '@belfry/dispatch';
import { hostOfDelivery } from '@belfry/protocol/delivery-record';
import { LANE_WEIGHTS } from '@belfry/protocol/lane-weights';
import { deliveriesTopic, workerGroup } from '@belfry/protocol/log-topics';
import type { Logger, Metrics } from '@belfry/runtime';
import { createWorker } from '@belfry/worker';
import { createLagReporter } from './lag-reporter.ts';
import { workerObserver } from './worker-observer.ts';

export type PushWorkerDeps = {
  readonly adapter: PushChannelAdapter;
  readonly scheduleMs: readonly number[];
  readonly log: Log;
  readonly store: Store;
  readonly receipts: ReceiptFeed;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly concurrency: number;
  /** Attempts at once to one push service; undefined where the channel has a single one. */
  readonly hostConcurrency?: number;
  readonly breakerProbeIntervalMs: number;
};

const HELD_BACK: Readonly<Record<BreakerCause, string>> = {
  failing: 'the provider fails, attempts are held back',
  refusing: 'the provider refuses our credentials, attempts are held back',
};

/** A push service that takes longer than this for half of its attempts gets no further ones to wait in memory; push services answer in tens of milliseconds. */
const SLOW_HOST_MS = 500;

/** The worker of one push channel: takes deliveries of both lanes, makes attempts, settles them. */
export function createPushWorker(deps: PushWorkerDeps): Service[] {
  const { adapter, log, store, receipts, clock, random, metrics, logger } = deps;
  const { channel } = adapter;
  const group = workerGroup(channel);
  const deliver = createDeliver({
    adapter,
    policy: { scheduleMs: deps.scheduleMs, jitter: DEFAULT_JITTER, minWaitMs: adapter.limits.minRetryWaitMs },
    store,
    receipts,
    deadLetters: createDeadLetterFeed(log, store),
    breaker: createHostBreaker({
      clock,
      probeIntervalMs: deps.breakerProbeIntervalMs,
      onChange: (host, open, cause) => {
        metrics.breakerOpen.set({ channel, host, cause }, open ? 1 : 0);
        logger.warn({ channel, host }, open ? HELD_BACK[cause] : 'the provider answers again');
      },
    }),
    clock,
    random,
    observe: {
      attempted: (outcome, reason, durationMs) => {
        metrics.attempts.inc({ channel, outcome, reason });
        metrics.attemptSeconds.observe({ channel, outcome }, durationMs / 1_000);
      },
      dropped: (reason) => metrics.gateDropped.inc({ channel, reason }),
      settled: (state, _reason, ageMs) => {
        metrics.settled.inc({ channel, state });
        if (state !== 'retrying') metrics.settledSeconds.observe({ channel, state }, ageMs / 1_000);
      },
    },
  });
  const worker = createWorker({
    name: group,
    log,
    clock,
    random,
    group,
    lanes: LANES.map((lane) => ({ lane, logTopic: deliveriesTopic(channel, lane), weight: LANE_WEIGHTS[lane] })),
    concurrency: deps.concurrency,
    // Without keyBatch, so one record at a time: a recipient's deliveries are attempted one after the other.
    handle: ([record], context) => deliver(record, context),
    ...(deps.hostConcurrency === undefined
      ? {}
      : { concurrencyKey: hostOfDelivery, perKeyConcurrency: deps.hostConcurrency, perKeySlowMs: SLOW_HOST_MS }),
    beforeCommit: receipts.flushed,
    onHandlerError: () => 'retry',
    observe: workerObserver(group, metrics, logger),
  });
  const adapterService: Service = {
    name: `${channel}-channel`,
    start: async () => {},
    stop: () => adapter.close(),
  };
  return [adapterService, worker, createLagReporter(group, log, clock, metrics, logger)];
}
