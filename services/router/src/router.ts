import type { Backplane } from '@belfry/core/backplane';
import type { Clock } from '@belfry/core/clock';
import type { Log, LogRecord } from '@belfry/core/log';
import { type Channel, LANES, type Lane } from '@belfry/core/notification';
import type { Random } from '@belfry/core/random';
import type { SkipReason } from '@belfry/core/routing';
import type { Service } from '@belfry/core/service';
import type { Store } from '@belfry/core/store/store';
import { createAcceptRecords, createRoute, type ReceiptFeed } from '@belfry/dispatch';
import { LANE_WEIGHTS } from '@belfry/protocol/lane-weights';
import { inputGroup, jobsTopic, ROUTER_GROUP } from '@belfry/protocol/log-topics';
import { createLagReporter, workerObserver } from '@belfry/push-worker';
import type { Logger, Metrics } from '@belfry/runtime';
import { createWorker, type WorkerLane } from '@belfry/worker';
import { type InputTopics, inputTopicSettings, type NewInputTopics } from './input-topics.ts';

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
  /** None where only Belfry can write to the log. */
  readonly inputTopics?: InputTopics;
  /** Default 12 partitions and 7 days. */
  readonly newInputTopics?: NewInputTopics;
};

/** Records of one key that share a store transaction. Only a recipient of many jobs, or a key of an upstream's, has several waiting. */
const KEY_BATCH = 64;
const NEW_INPUT_TOPICS: NewInputTopics = { partitions: 12, retentionMs: 7 * 24 * 60 * 60 * 1_000 };

export function createRouter(deps: RouterDeps): Service[] {
  const {
    log,
    store,
    backplane,
    receipts,
    clock,
    metrics,
    logger,
    inputTopics = {},
    newInputTopics = NEW_INPUT_TOPICS,
  } = deps;
  const onRouted = (channel: Channel, lane: Lane): void => metrics.routed.inc({ channel, lane });
  const onUnreadable = ({ logTopic, partition, offset }: LogRecord, kind: string): void => {
    metrics.unreadable.inc({ log_topic: logTopic, reason: kind });
    logger.warn({ logTopic, partition, offset: offset.toString(), reason: kind }, 'record set aside');
  };
  const onAccepted = (lane: Lane): void => metrics.accepted.inc({ lane });
  const onSkipped = (channel: Channel, reason: SkipReason): void => metrics.skipped.inc({ channel, reason });
  const route = createRoute({ store, log, receipts, backplane, clock, onRouted, onSkipped, onUnreadable });
  const lanes = LANES.map((lane) => ({ lane, logTopic: jobsTopic(lane), weight: LANE_WEIGHTS[lane] }));
  return [
    {
      name: 'input-topics',
      start: () => log.ensureTopics(inputTopicSettings(inputTopics, newInputTopics)),
      stop: async () => {},
    },
    ...createIntake(deps, ROUTER_GROUP, lanes, route),
    // A worker and a group for each: a flood or a mishap in one leaves the others and the jobs alone.
    ...Object.entries(inputTopics).flatMap(([logTopic, tenant]) => {
      const acceptRecords = createAcceptRecords({ store, log, receipts, clock, tenant, onAccepted, onUnreadable });
      return createIntake(deps, inputGroup(logTopic), [{ lane: 'input', logTopic, weight: 1 }], acceptRecords);
    }),
  ];
}

function createIntake(
  deps: RouterDeps,
  group: string,
  lanes: readonly WorkerLane[],
  handle: (records: readonly LogRecord[]) => Promise<void>,
): Service[] {
  const { log, receipts, clock, random, metrics, logger, concurrency } = deps;
  return [
    createWorker({
      name: group,
      log,
      clock,
      random,
      group,
      lanes,
      concurrency,
      keyBatch: KEY_BATCH,
      handle: (records) => handle(records),
      beforeCommit: receipts.flushed,
      onHandlerError: () => 'retry',
      observe: workerObserver(group, metrics, logger),
    }),
    createLagReporter(group, log, clock, metrics, logger),
  ];
}
