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

const HOUR = 60 * 60 * 1_000;
const PARTITIONS = 8;
const MIB = 2 ** 20;

/** The topics of one process. Work is kept until its group has done it and then for a short while; feeds for a day. */
export const STANDALONE_TOPICS: readonly LogTopicSettings[] = [
  ...LANES.map((lane) => ({ name: jobsTopic(lane), groups: [ROUTER_GROUP] })),
  ...PUSH_CHANNELS.flatMap((channel) =>
    LANES.map((lane) => ({ name: deliveriesTopic(channel, lane), groups: [workerGroup(channel)] })),
  ),
  { name: RECEIPTS_TOPIC, groups: [] },
  { name: DEAD_LETTERS_TOPIC, groups: [] },
].map((topic) => ({
  ...topic,
  partitions: PARTITIONS,
  retentionMs: topic.groups.length > 0 ? HOUR : 24 * HOUR,
  retentionBytes: 64 * MIB,
}));
