import type { LogTopicSettings } from '@belfry/core/log';

export type KafkaTopicDefaults = {
  /** Copies of each partition. 3 for production; 1 where there is one broker, which then loses what a power cut takes. */
  readonly replicationFactor: number;
  /** Copies that must have a record before it is confirmed; from 1 to `replicationFactor`. 2 of 3 survives the loss of a broker. */
  readonly minInsyncReplicas: number;
};

const NAME = /^[a-zA-Z0-9._-]+$/;
const MAX_NAME_LENGTH = 249;
const MAX_PARTITIONS = 1024;
/** A record of 1 MiB, which the embedded log takes, and what surrounds it. */
const MAX_BATCH_BYTES = 1_048_576 + 65_536;
const MIN_SEGMENT_MS = 600_000;
const MAX_SEGMENT_MS = 604_800_000;

/** Throws a `RangeError` that names the option and the limit. */
export function assertTopicDefaults({ replicationFactor, minInsyncReplicas }: KafkaTopicDefaults): void {
  if (!Number.isInteger(replicationFactor) || replicationFactor < 1) {
    throw new RangeError(`topics.replicationFactor must be an integer of at least 1, got ${replicationFactor}`);
  }
  if (!Number.isInteger(minInsyncReplicas) || minInsyncReplicas < 1 || minInsyncReplicas > replicationFactor) {
    throw new RangeError(
      `topics.minInsyncReplicas must be an integer from 1 to topics.replicationFactor (${replicationFactor}), got ${minInsyncReplicas}`,
    );
  }
}

/** Throws a `RangeError` that names the field and the limit. `kafkaTopic` is the name with its prefix. */
export function assertTopicSettings(settings: LogTopicSettings, kafkaTopic: string): void {
  const { name, partitions, retentionMs, retentionBytes } = settings;
  if (!NAME.test(name) || name === '.' || name === '..' || kafkaTopic.length > MAX_NAME_LENGTH) {
    throw new RangeError(
      `name must be a-z A-Z 0-9 . _ -, not only dots and with the prefix at most ${MAX_NAME_LENGTH} long, got ${JSON.stringify(kafkaTopic)}`,
    );
  }
  if (!Number.isInteger(partitions) || partitions < 1 || partitions > MAX_PARTITIONS) {
    throw new RangeError(`partitions of ${name} must be an integer from 1 to ${MAX_PARTITIONS}, got ${partitions}`);
  }
  assertPositive(`retentionMs of ${name}`, retentionMs);
  if (retentionBytes !== undefined) assertPositive(`retentionBytes of ${name}`, retentionBytes);
}

/**
 * The settings that a topic is made with. Not among them: `compression.type`, whose default `producer` keeps batches as they come; ours come
 * uncompressed, as the processor of a Node process is scarcer than the broker's disk.
 */
export function topicConfig(settings: LogTopicSettings, defaults: KafkaTopicDefaults): Record<string, string> {
  const retentionMs = Math.ceil(settings.retentionMs);
  return {
    'cleanup.policy': 'delete',
    'retention.ms': `${retentionMs}`,
    'retention.bytes': `${settings.retentionBytes === undefined ? -1 : Math.ceil(settings.retentionBytes)}`,
    // Only whole segments are removed: a week's segment would keep a topic of an hour for a week.
    'segment.ms': `${Math.min(MAX_SEGMENT_MS, Math.max(MIN_SEGMENT_MS, Math.ceil(retentionMs / 4)))}`,
    'min.insync.replicas': `${defaults.minInsyncReplicas}`,
    'unclean.leader.election.enable': 'false',
    // The broker's clock, not each producer's: age of the oldest record and retention mean something only then.
    'message.timestamp.type': 'LogAppendTime',
    'max.message.bytes': `${MAX_BATCH_BYTES}`,
  };
}

/** Settings of an existing topic that promises hang on; a difference is reported, never changed, as an operator may mean it. */
const COMPARED = ['cleanup.policy', 'retention.ms', 'retention.bytes', 'min.insync.replicas', 'message.timestamp.type'];

export type TopicDifference = { readonly setting: string; readonly wanted: string; readonly found: string };

/** How an existing topic differs from what we would have made. More partitions than wanted are no difference. */
export function topicDifferences(
  settings: LogTopicSettings,
  defaults: KafkaTopicDefaults,
  found: {
    readonly partitions: number;
    readonly replicas: number;
    readonly config: Readonly<Record<string, string | undefined>>;
  },
): TopicDifference[] {
  const differences: TopicDifference[] = [];
  if (found.partitions < settings.partitions) {
    differences.push({ setting: 'partitions', wanted: `${settings.partitions}`, found: `${found.partitions}` });
  }
  if (found.replicas < defaults.replicationFactor) {
    differences.push({
      setting: 'replication factor',
      wanted: `${defaults.replicationFactor}`,
      found: `${found.replicas}`,
    });
  }
  const wanted = topicConfig(settings, defaults);
  for (const setting of COMPARED) {
    const [ours, theirs] = [wanted[setting] ?? '', found.config[setting]];
    if (theirs !== undefined && theirs !== ours) differences.push({ setting, wanted: ours, found: theirs });
  }
  return differences;
}

function assertPositive(field: string, value: number): void {
  if (!(value > 0)) throw new RangeError(`${field} must be more than 0, got ${value}`);
}
