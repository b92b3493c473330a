import { describe, expect, it } from 'vitest';
import { assertTopicSettings } from './topic-settings.ts';

const TOPIC = { name: 'topic', partitions: 1, retentionMs: 1_000, groups: [] };

describe('assertTopicSettings', () => {
  it.each([
    [{ name: '' }, 'name must be'],
    [{ name: 'a/b' }, 'name must be'],
    [{ name: '..' }, 'name must be'],
    [{ name: 'x'.repeat(250) }, 'name must be 1 to 249'],
    [{ partitions: 0 }, 'partitions of topic must be an integer from 1 to 1024, got 0'],
    [{ partitions: 1_025 }, 'got 1025'],
    [{ partitions: 1.5 }, 'got 1.5'],
    [{ retentionMs: 0 }, 'retentionMs of topic must be more than 0'],
    [{ retentionMs: Number.NaN }, 'retentionMs of topic must be more than 0'],
    [{ retentionBytes: -1 }, 'retentionBytes of topic must be more than 0'],
  ])('refuses %j', (wrong, message) => {
    expect(() => assertTopicSettings({ ...TOPIC, ...wrong })).toThrow(message);
  });

  it.each([{}, { name: 'x'.repeat(249) }, { partitions: 1_024 }, { retentionBytes: 1 }])('takes %j', (right) => {
    expect(() => assertTopicSettings({ ...TOPIC, ...right })).not.toThrow();
  });
});
