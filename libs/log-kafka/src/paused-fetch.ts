import { loadKafkajsSource, prototypeOf } from './kafkajs-source.ts';

type Assigned = readonly { readonly topic: string; readonly partitions: readonly number[] }[];

type ConsumerGroup = {
  readonly maxWaitTime: number;
  readonly subscriptionState: { active(): Assigned };
  readonly cluster: { refreshMetadataIfNecessary(): Promise<void> };
  /** Seeks that the next fetch will apply, and commit. */
  readonly seekOffset: { readonly size: number };
  checkForStaleAssignment(): void;
  fetch(nodeId: number): Promise<readonly unknown[]>;
  resume(partitions: Assigned): void;
  filterPartitionsByNode(nodeId: number, partitions: Assigned): Assigned;
};

const FILE = 'consumer/consumerGroup.js';
let isMended = false;

/**
 * Lets `resume` end the sleep that kafkajs falls into where every partition of a broker is paused: it lasts for `maxWaitTime`, whatever is resumed
 * meanwhile. A reader that takes its records as fast as they come would be asleep most of the time.
 *
 * Applies to the whole process, once. Throws where kafkajs is not as it was when this was written.
 */
export function mendPausedFetch(): void {
  if (isMended) return;
  const methods = ['fetch', 'resume', 'filterPartitionsByNode', 'checkForStaleAssignment'];
  const prototype = prototypeOf<ConsumerGroup>(loadKafkajsSource(FILE), FILE, methods);
  const sleep = loadKafkajsSource('utils/sleep.js') as (ms: number) => Promise<void>;
  const { fetch, resume } = prototype;
  const sleeping = new WeakMap<ConsumerGroup, PromiseWithResolvers<void>>();
  prototype.fetch = async function (nodeId) {
    if (await mayFetch(this, nodeId)) return fetch.call(this, nodeId);
    const woken = sleeping.get(this) ?? Promise.withResolvers<void>();
    sleeping.set(this, woken);
    await Promise.race([sleep(this.maxWaitTime), woken.promise]);
    return [];
  };
  prototype.resume = function (partitions) {
    resume.call(this, partitions);
    sleeping.get(this)?.resolve();
    sleeping.delete(this);
  };
  isMended = true;
}

/** As the client does before it finds out that it has nothing to ask for. Where that fails, its own code shall, and do what it does about it. */
async function mayFetch(group: ConsumerGroup, nodeId: number): Promise<boolean> {
  try {
    await group.cluster.refreshMetadataIfNecessary();
    group.checkForStaleAssignment();
    if (group.seekOffset.size > 0) return true;
    const active = group.filterPartitionsByNode(nodeId, group.subscriptionState.active());
    return active.some(({ partitions }) => partitions.length > 0);
  } catch {
    return true;
  }
}
