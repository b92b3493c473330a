import type { AppendedPosition } from '@belfry/core/log';
import type { Message, RecordMetadata, TopicMessages } from 'kafkajs';
import type { PackedPart } from './pack-send.ts';

/** The parts as the client wants them, records of a topic in the order of the parts. */
export function toTopicMessages(parts: readonly PackedPart[]): TopicMessages[] {
  const byTopic = new Map<string, Message[]>();
  for (const { append, from, to } of parts) {
    const messages = byTopic.get(append.kafkaTopic) ?? [];
    for (const { message } of append.records.slice(from, to)) messages.push(message);
    byTopic.set(append.kafkaTopic, messages);
  }
  return [...byTopic].map(([topic, messages]) => ({ topic, messages }));
}

/**
 * The positions of each part's records, counted from the base offset of their partition. Throws where a partition has none: when its leader moves
 * to a broker that has already answered for others, the client forgets to send it and still reports success.
 */
export function confirmedPositions(
  parts: readonly PackedPart[],
  metadata: readonly RecordMetadata[],
): readonly (readonly AppendedPosition[])[] {
  const next = new Map<string, bigint>();
  for (const { topicName, partition, errorCode, baseOffset } of metadata) {
    if (errorCode === 0 && baseOffset !== undefined) next.set(`${topicName}/${partition}`, BigInt(baseOffset));
  }
  return parts.map(({ append, from, to }) =>
    append.records.slice(from, to).map(({ partition }) => {
      const key = `${append.kafkaTopic}/${partition}`;
      const offset = next.get(key);
      if (offset === undefined || offset < 0n) throw new Error(`the broker named no offset for ${key}`);
      next.set(key, offset + 1n);
      return { partition, offset };
    }),
  );
}
