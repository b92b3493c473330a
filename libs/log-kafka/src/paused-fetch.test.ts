import { describe, expect, it } from 'vitest';
import { loadKafkajsSource, prototypeOf } from './kafkajs-source.ts';
import { mendPausedFetch } from './paused-fetch.ts';

type Partitions = readonly { readonly topic: string; readonly partitions: readonly number[] }[];
type Group = { fetch(nodeId: number): Promise<readonly unknown[]>; resume(partitions: Partitions): void };

const FILE = 'consumer/consumerGroup.js';
/** Longer than any test waits. */
const FOR_EVER_MS = 2 ** 30;
const ONE: Partitions = [{ topic: 'jobs', partitions: [0] }];

/** The client's own code over as little as it needs. What it asks the broker for is thrown, as there is none. */
function createGroup(): { readonly group: Group; pause(): void; makeStale(): void } {
  let paused = false;
  let stale = false;
  const prototype = prototypeOf<Group>(loadKafkajsSource(FILE), FILE, ['fetch']);
  const group: Group = Object.assign(Object.create(prototype), {
    maxWaitTime: FOR_EVER_MS,
    logger: { info() {} },
    seekOffset: new Map(),
    cluster: { refreshMetadataIfNecessary: async () => {} },
    checkForStaleAssignment() {
      if (stale) throw new Error('asked the client');
    },
    filterPartitionsByNode: (_node: number, partitions: Partitions) => partitions,
    subscriptionState: {
      active: () => (paused ? [{ topic: 'jobs', partitions: [] }] : ONE),
      assigned: () => {
        throw new Error('asked the client');
      },
      resume() {
        paused = false;
      },
    },
    recoverFromFetch(error: Error) {
      throw error;
    },
  });
  return {
    group,
    pause() {
      paused = true;
    },
    makeStale() {
      stale = true;
    },
  };
}

describe('mendPausedFetch', () => {
  mendPausedFetch();

  it('sleeps while every partition is paused, until one is resumed', async () => {
    const { group, pause } = createGroup();
    pause();
    let batches: readonly unknown[] | undefined;
    const fetched = group.fetch(1).then((given) => {
      batches = given;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(batches).toBeUndefined();
    group.resume(ONE);
    await fetched;
    expect(batches).toEqual([]);
    await expect(group.fetch(1)).rejects.toThrow('asked the client');
  });

  it('wakes the loops of all brokers', async () => {
    const { group, pause } = createGroup();
    pause();
    const fetched = Promise.all([group.fetch(1), group.fetch(2)]);
    await new Promise((resolve) => setImmediate(resolve));
    group.resume(ONE);
    await expect(fetched).resolves.toEqual([[], []]);
  });

  it('leaves seeks to the client', async () => {
    const { group, pause } = createGroup();
    pause();
    Object.assign(group, { seekOffset: new Map([['jobs', 5]]) });
    await expect(group.fetch(1)).rejects.toThrow('asked the client');
  });

  it('leaves to the client what it has to do about its assignment', async () => {
    const { group, pause, makeStale } = createGroup();
    pause();
    makeStale();
    await expect(group.fetch(1)).rejects.toThrow('asked the client');
  });
});
