import { loadKafkajsSource, prototypeOf } from './kafkajs-source.ts';

type ConsumerGroup = { joinAndSync(): Promise<unknown>; fetch(nodeId: number): Promise<readonly unknown[]> };

const FILE = 'consumer/consumerGroup.js';
/** By the protocol's numbers: what makes the client's loop stop fetching, and join. */
const REBALANCE_IN_PROGRESS = 27;
let isMended = false;

/**
 * Keeps a consumer of kafkajs from reading on where joining its group again has failed in a way that may be repeated, a coordinator that is loading for
 * instance. The client takes up its loop then, with the assignment that it had. Where the group had given it up it also knows no member to send
 * heartbeats for, so that nothing ever tells it: it reads partitions that others have been given, and none of its commits counts, until the process ends.
 *
 * Applies to the whole process, once. Throws where kafkajs is not as it was when this was written.
 */
export function mendLostMembership(): void {
  if (isMended) return;
  const prototype = prototypeOf<ConsumerGroup>(loadKafkajsSource(FILE), FILE, ['joinAndSync', 'fetch']);
  const { createErrorFromCode } = loadKafkajsSource('protocol/error.js') as {
    readonly createErrorFromCode: (code: number) => Error;
  };
  const { joinAndSync, fetch } = prototype;
  const outside = new WeakSet<ConsumerGroup>();
  prototype.joinAndSync = async function () {
    outside.add(this);
    await joinAndSync.call(this);
    outside.delete(this);
  };
  prototype.fetch = async function (nodeId) {
    if (outside.has(this)) throw createErrorFromCode(REBALANCE_IN_PROGRESS);
    return fetch.call(this, nodeId);
  };
  isMended = true;
}
