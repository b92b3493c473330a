import { logTopics } from '@belfry/service-process';

const HOUR = 60 * 60 * 1_000;

/** The topics of one process. Work is kept until its group has done it and then for a short while; feeds for a day. */
export const STANDALONE_TOPICS = logTopics({
  partitions: 8,
  workRetentionMs: HOUR,
  feedRetentionMs: 24 * HOUR,
  retentionBytes: 64 * 2 ** 20,
});
