import { type Clock, sleep } from '@belfry/core/clock';
import type { KafkaAdmin } from './kafka-admin.ts';
import type { KafkaLogger } from './kafka-logger.ts';
import { nameOf, type TopicPartition } from './readings.ts';
import { type OffsetRange, type StartOffset, startOffset } from './start-offset.ts';

/** A new leader may for a moment say that its log ends earlier than it does: whoever stands beyond the end asks twice. */
const SECOND_LOOK_MS = 1_000;

/** What the partitions of these topics hold, by `nameOf`. */
export async function offsetRanges(
  admin: KafkaAdmin,
  topics: readonly string[],
): Promise<ReadonlyMap<string, OffsetRange>> {
  const ranges = new Map<string, OffsetRange>();
  for (const topic of topics) {
    const offsets = await admin.run(`asking for the offsets of ${topic}`, (client) => client.fetchTopicOffsets(topic));
    for (const { partition, low, high } of offsets) {
      ranges.set(nameOf({ topic, partition }), { low: BigInt(low), high: BigInt(high) });
    }
  }
  return ranges;
}

/** The offsets that the group has committed, by `nameOf`; negative where it has none. */
export async function committedOffsets(
  admin: KafkaAdmin,
  groupId: string,
  topics: readonly string[],
): Promise<ReadonlyMap<string, bigint>> {
  const answers = await admin.run(`asking for the commits of ${groupId}`, (client) =>
    client.fetchOffsets({ groupId, topics: [...topics] }),
  );
  return new Map(
    answers.flatMap(({ topic, partitions }) =>
      partitions.map(({ partition, offset }) => [nameOf({ topic, partition }), BigInt(offset)] as const),
    ),
  );
}

/** Where each of the partitions is read from by somebody who stands at `wanted`. Says loudly where that offset is gone. */
export async function findStarts(
  { admin, clock, logger }: { readonly admin: KafkaAdmin; readonly clock: Clock; readonly logger: KafkaLogger },
  partitions: readonly TopicPartition[],
  wanted: ReadonlyMap<string, bigint>,
): Promise<readonly bigint[]> {
  const topics = [...new Set(partitions.map(({ topic }) => topic))];
  const look = async (): Promise<readonly StartOffset[]> => {
    const ranges = await offsetRanges(admin, topics);
    return partitions.map((partition) => {
      const range = ranges.get(nameOf(partition));
      if (range === undefined) throw new Error(`the broker says nothing of ${nameOf(partition)}`);
      return startOffset(wanted.get(nameOf(partition)), range);
    });
  };
  let starts = await look();
  if (starts.some(({ trouble }) => trouble === 'truncated')) {
    await sleep(clock, SECOND_LOOK_MS);
    starts = await look();
  }
  for (const [index, { offset, trouble }] of starts.entries()) {
    if (trouble === undefined) continue;
    const name = nameOf(partitions[index] ?? { topic: '', partition: -1 });
    const facts = { partition: name, wanted: String(wanted.get(name)), start: String(offset) };
    if (trouble === 'removed')
      logger.error(facts, 'records were removed before they were read; reading from the first that is left');
    else logger.error(facts, 'the partition has lost records that we had reached; reading it again from its first');
  }
  return starts.map(({ offset }) => offset);
}

/** Whether reading can go on at this offset: it is there, or is the next to come. */
export async function hasOffset(
  { admin, clock }: { readonly admin: KafkaAdmin; readonly clock: Clock },
  partition: TopicPartition,
  offset: bigint,
): Promise<boolean> {
  const isInside = async () => {
    const range = (await offsetRanges(admin, [partition.topic])).get(nameOf(partition));
    return range === undefined || (offset >= range.low && offset <= range.high);
  };
  if (await isInside()) return true;
  await sleep(clock, SECOND_LOOK_MS);
  return isInside();
}
