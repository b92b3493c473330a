import type { LogTopicSettings } from '@belfry/core/log';

const NAME = /^[a-zA-Z0-9._-]{1,249}$/;
const MAX_PARTITIONS = 1024;

/** Throws a `RangeError` naming the field and the limit. The rules for names are Kafka's, so that a topic can exist in both. */
export function assertTopicSettings(settings: LogTopicSettings): void {
  const { name, partitions, retentionMs, retentionBytes } = settings;
  if (!NAME.test(name) || name === '.' || name === '..') {
    throw new RangeError(`name must be 1 to 249 of a-z A-Z 0-9 . _ - and not only dots, got ${JSON.stringify(name)}`);
  }
  if (!Number.isInteger(partitions) || partitions < 1 || partitions > MAX_PARTITIONS) {
    throw new RangeError(`partitions of ${name} must be an integer from 1 to ${MAX_PARTITIONS}, got ${partitions}`);
  }
  assertPositive(`retentionMs of ${name}`, retentionMs);
  if (retentionBytes !== undefined) assertPositive(`retentionBytes of ${name}`, retentionBytes);
}

function assertPositive(field: string, value: number): void {
  if (!(value > 0)) throw new RangeError(`${field} must be more than 0, got ${value}`);
}
