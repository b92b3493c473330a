import type { LogTopicSettings } from '@belfry/core/log';
import type { TenantId } from '@belfry/core/notification';
import { tenantSchema } from '@belfry/protocol/identifiers';
import { inputGroup } from '@belfry/protocol/log-topics';
import { type ConfigType, defineOptions } from '@belfry/runtime';

/** Log topics that upstreams write notifications to, and the tenant that each belongs to. */
export type InputTopics = Readonly<Record<string, TenantId>>;

/** Kafka's own rule is 249 characters; the rest is for a prefix. */
const TOPIC_NAME = /^(?!\.{1,2}$)[a-zA-Z0-9._-]{1,200}$/;
/** Belfry writes to these; a job or a receipt taken for a notification would come back for ever. */
const OWN = /^(?:jobs|deliveries)\.|^(?:receipts|dead-letters|hints)$/;
const MAX_TOPICS = 64;
/** What an input topic is like that is created because it is missing. */
export type NewInputTopics = { readonly partitions: number; readonly retentionMs: number };

export const inputTopicOptions = defineOptions({
  BELFRY_INPUT_TOPICS: {
    type: inputTopics(),
    default: {},
    description:
      'Log topics that upstreams write notifications to, each with the tenant that all its records belong to. Names without KAFKA_TOPIC_PREFIX; created where missing.',
    group: 'Router',
  },
});

/** `topic=tenant` separated by commas; a tenant may have many topics, a topic has one tenant. `none` is the empty list. */
export function inputTopics(): ConfigType<InputTopics> {
  return {
    expects: `topic=tenant separated by commas, at most ${MAX_TOPICS}, none of them a log topic of Belfry's; or none`,
    parse(text) {
      if (text === 'none') return { ok: true, value: {} };
      const pairs = text.split(',').map((item) => item.split('=').map((part) => part.trim()));
      const topics = new Map(pairs.map(([topic = '', tenant = '']) => [topic, tenant]));
      const valid = pairs.every(
        ([topic = '', tenant, ...rest]) =>
          TOPIC_NAME.test(topic) && !OWN.test(topic) && tenantSchema.safeParse(tenant).success && rest.length === 0,
      );
      const ok = valid && topics.size === pairs.length && topics.size <= MAX_TOPICS;
      return ok ? { ok, value: Object.fromEntries(topics) } : { ok: false };
    },
    format(value) {
      const pairs = Object.entries(value).map(([topic, tenant]) => `${topic}=${tenant}`);
      return pairs.length === 0 ? 'none' : pairs.join(',');
    },
  };
}

/** An upstream that wants its topic otherwise creates it itself; an existing one is left as it is. */
export function inputTopicSettings(topics: InputTopics, made: NewInputTopics): readonly LogTopicSettings[] {
  return Object.keys(topics).map((name) => ({ name, ...made, groups: [inputGroup(name)] }));
}
