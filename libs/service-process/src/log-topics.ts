import type { LogTopicSettings } from '@belfry/core/log';
import { LANES, PUSH_CHANNELS } from '@belfry/core/notification';
import {
  DEAD_LETTERS_TOPIC,
  deliveriesTopic,
  jobsTopic,
  RECEIPTS_TOPIC,
  ROUTER_GROUP,
  workerGroup,
} from '@belfry/protocol/log-topics';

export type LogTopicsOptions = {
  readonly partitions: number;
  /** How long jobs and deliveries are kept, in milliseconds. */
  readonly workRetentionMs: number;
  /** How long receipts and dead letters are kept, in milliseconds. */
  readonly feedRetentionMs: number;
  /** Bound on the size of each partition; undefined: none. */
  readonly retentionBytes?: number;
};

/** The log topics that move work, and the feeds, with the groups that each must wait for. */
export function logTopics(options: LogTopicsOptions): readonly LogTopicSettings[] {
  const { partitions, workRetentionMs, feedRetentionMs, retentionBytes } = options;
  const bytes = retentionBytes === undefined ? {} : { retentionBytes };
  const work = (name: string, group: string): LogTopicSettings => ({
    name,
    groups: [group],
    partitions,
    retentionMs: workRetentionMs,
    ...bytes,
  });
  const feed = (name: string): LogTopicSettings => ({
    name,
    groups: [],
    partitions,
    retentionMs: feedRetentionMs,
    ...bytes,
  });
  return [
    ...LANES.map((lane) => work(jobsTopic(lane), ROUTER_GROUP)),
    ...PUSH_CHANNELS.flatMap((channel) =>
      LANES.map((lane) => work(deliveriesTopic(channel, lane), workerGroup(channel))),
    ),
    feed(RECEIPTS_TOPIC),
    feed(DEAD_LETTERS_TOPIC),
  ];
}
