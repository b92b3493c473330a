import type { Backplane } from '@belfry/core/backplane';
import type { Clock } from '@belfry/core/clock';
import type { Log } from '@belfry/core/log';
import { type Channel, LANES, type Lane } from '@belfry/core/notification';
import type { Random } from '@belfry/core/random';
import type { Service } from '@belfry/core/service';
import type { Store } from '@belfry/core/store/store';
import { createRoute, type ReceiptFeed } from '@belfry/dispatch';
import { LANE_WEIGHTS } from '@belfry/protocol/lane-weights';
import { jobsTopic, ROUTER_GROUP } from '@belfry/protocol/log-topics';
import { createLagReporter, workerObserver } from '@belfry/push-worker';
import type { Logger, Metrics } from '@belfry/runtime';
import { createWorker } from '@belfry/worker';

export type RouterDeps = {
  readonly log: Log;
  readonly store: Store;
  readonly backplane: Backplane;
  readonly receipts: ReceiptFeed;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly concurrency: number;
};

/** Jobs of one recipient that share a store transaction. Only a recipient of many jobs has several waiting. */
const KEY_BATCH = 64;

export function createRouter(deps: RouterDeps): Service[] {
  const { log, store, backplane, receipts, clock, random, metrics, logger } = deps;
  const onRouted = (channel: Channel, lane: Lane): void => metrics.routed.inc({ channel, lane });
  const route = createRoute({ store, log, receipts, backplane, clock, onRouted });
  return [
    createWorker({
      name: ROUTER_GROUP,
      log,
      clock,
      random,
      group: ROUTER_GROUP,
      lanes: LANES.map((lane) => ({ lane, logTopic: jobsTopic(lane), weight: LANE_WEIGHTS[lane] })),
      concurrency: deps.concurrency,
      keyBatch: KEY_BATCH,
      handle: (records) => route(records),
      onHandlerError: () => 'retry',
      observe: workerObserver(ROUTER_GROUP, metrics, logger),
    }),
    createLagReporter(ROUTER_GROUP, log, clock, metrics, logger),
  ];
}
