/** Our names of log topics and groups, and theirs on the broker, where a prefix lets several installations share it. */
export type TopicNames = {
  /** Name on the broker of one of our log topics or groups. */
  toKafka(name: string): string;
  /** Our name of one on the broker; undefined where it is not ours. */
  fromKafka(name: string): string | undefined;
};

const PREFIX = /^[a-zA-Z0-9._-]{0,64}$/;

/** Throws a `RangeError` where the prefix could not begin a topic's name. */
export function createTopicNames(prefix: string): TopicNames {
  if (!PREFIX.test(prefix)) {
    throw new RangeError(`prefix must be at most 64 of a-z A-Z 0-9 . _ -, got ${JSON.stringify(prefix)}`);
  }
  return {
    toKafka: (name) => `${prefix}${name}`,
    fromKafka: (name) => (name.startsWith(prefix) ? name.slice(prefix.length) : undefined),
  };
}
