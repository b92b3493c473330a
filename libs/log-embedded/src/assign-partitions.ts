export type Subscription = { readonly logTopics: readonly string[] };

/**
 * Who of a group's members gets which partition: for each topic, its partitions are dealt in turn to the members that subscribe to it, in
 * order of joining. The result names a member by position for each partition of each topic.
 */
export function assignPartitions(
  members: readonly Subscription[],
  partitionsOf: (logTopic: string) => number,
): Map<string, readonly number[]> {
  const assignment = new Map<string, readonly number[]>();
  for (const logTopic of new Set(members.flatMap((member) => member.logTopics))) {
    const subscribed = [...members.keys()].filter((index) => members[index]?.logTopics.includes(logTopic));
    const owners = Array.from(
      { length: partitionsOf(logTopic) },
      (_, partition) => subscribed[partition % subscribed.length] as number,
    );
    assignment.set(logTopic, owners);
  }
  return assignment;
}
