import type { LogTopicSettings } from '@belfry/core/log';
import { describe, expect, it } from 'vitest';
import { assertTopicDefaults, assertTopicSettings, topicConfig, topicDifferences } from './topic-settings.ts';

const HOUR_MS = 3_600_000;
const settings: LogTopicSettings = { name: 'jobs', partitions: 12, retentionMs: 96 * HOUR_MS, groups: [] };
const defaults = { replicationFactor: 3, minInsyncReplicas: 2 };

describe('assertTopicSettings', () => {
  it.each<[string, Partial<LogTopicSettings>, string]>([
    ['a name with a slash', { name: 'jobs/bulk' }, 'name must be a-z A-Z 0-9 . _ -'],
    ['no name', { name: '' }, 'name must be'],
    ['only dots', { name: '..' }, 'name must be'],
    ['a name too long with its prefix', { name: 'j'.repeat(245) }, 'with the prefix at most 249 long'],
    ['no partitions', { partitions: 0 }, 'partitions of jobs must be an integer from 1 to 1024, got 0'],
    ['too many partitions', { partitions: 1025 }, 'from 1 to 1024, got 1025'],
    ['half a partition', { partitions: 1.5 }, 'from 1 to 1024, got 1.5'],
    ['no retention', { retentionMs: 0 }, 'retentionMs of jobs must be more than 0, got 0'],
    ['no bytes', { retentionBytes: -1 }, 'retentionBytes of jobs must be more than 0, got -1'],
  ])('refuses %s', (_, change, message) => {
    const changed = { ...settings, ...change };
    expect(() => assertTopicSettings(changed, `test.${changed.name}`)).toThrow(message);
  });

  it('takes what is at the limits', () => {
    const name = 'j'.repeat(244);
    expect(() => assertTopicSettings({ ...settings, name, partitions: 1024 }, `test.${name}`)).not.toThrow();
  });
});

describe('assertTopicDefaults', () => {
  it.each([
    [
      { replicationFactor: 0, minInsyncReplicas: 1 },
      'topics.replicationFactor must be an integer of at least 1, got 0',
    ],
    [{ replicationFactor: 1.5, minInsyncReplicas: 1 }, 'topics.replicationFactor'],
    [{ replicationFactor: 1, minInsyncReplicas: 2 }, 'from 1 to topics.replicationFactor (1), got 2'],
    [{ replicationFactor: 3, minInsyncReplicas: 0 }, 'topics.minInsyncReplicas must be an integer from 1'],
  ])('refuses %o', (given, message) => {
    expect(() => assertTopicDefaults(given)).toThrow(message);
  });
});

describe('topicConfig', () => {
  it('keeps records for their time, on enough replicas, stamped by the broker', () => {
    expect(topicConfig(settings, defaults)).toEqual({
      'cleanup.policy': 'delete',
      'retention.ms': '345600000',
      'retention.bytes': '-1',
      'segment.ms': '86400000',
      'min.insync.replicas': '2',
      'unclean.leader.election.enable': 'false',
      'message.timestamp.type': 'LogAppendTime',
      'max.message.bytes': '1114112',
    });
  });

  it.each([
    [1_000, '600000'],
    [4 * HOUR_MS, '3600000'],
    [365 * 24 * HOUR_MS, '604800000'],
  ])('rolls segments of a topic kept for %d ms every %s ms', (retentionMs, segmentMs) => {
    expect(topicConfig({ ...settings, retentionMs }, defaults)['segment.ms']).toBe(segmentMs);
  });
});

describe('topicDifferences', () => {
  const found = { partitions: 12, replicas: 3, config: topicConfig(settings, defaults) };

  it('has none where the topic is as wanted, has more partitions, or settings cannot be read', () => {
    expect(topicDifferences(settings, defaults, found)).toEqual([]);
    expect(topicDifferences(settings, defaults, { ...found, partitions: 24 })).toEqual([]);
    expect(topicDifferences(settings, defaults, { ...found, config: {} })).toEqual([]);
  });

  it('has what the promises hang on', () => {
    const config = { ...found.config, 'cleanup.policy': 'compact', 'min.insync.replicas': '1', 'segment.ms': '1' };
    expect(topicDifferences(settings, defaults, { partitions: 4, replicas: 1, config })).toEqual([
      { setting: 'partitions', wanted: '12', found: '4' },
      { setting: 'replication factor', wanted: '3', found: '1' },
      { setting: 'cleanup.policy', wanted: 'delete', found: 'compact' },
      { setting: 'min.insync.replicas', wanted: '2', found: '1' },
    ]);
  });
});
