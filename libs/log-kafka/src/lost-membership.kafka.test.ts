import { createRequire } from 'node:module';
import { findKafka } from '@belfry/testing/find-kafka';
import { describeNeeding } from '@belfry/testing/need';
import { afterEach, expect, it, vi } from 'vitest';
import { openLog } from './kafka-log.fixture.ts';
import { createWitness } from './reading-witness.fixture.ts';

/** The shortest session that a broker allows by default. */
const SESSION_MS = 6_000;
/** By the protocol's numbers. */
const UNKNOWN_MEMBER = 25;
const COORDINATOR_LOADING = 14;

type Broker = { heartbeat(): Promise<unknown>; joinGroup(): Promise<unknown> };
type Loaded = { readonly prototype: Broker } & { readonly createErrorFromCode: (code: number) => Error };
const load = (file: string) => createRequire(import.meta.url)(`kafkajs/src/${file}`) as Loaded;

describeNeeding('kafka', await findKafka(), 'a member that its group has given up', ({ brokers }) => {
  afterEach(() => vi.restoreAllMocks());

  it('joins again, also where its first try to do so fails', { timeout: 90_000 }, async () => {
    const log = await openLog(brokers, { consume: { sessionTimeoutMs: SESSION_MS, heartbeatIntervalMs: 300 } });
    await log.ensureTopics([{ name: 'jobs', partitions: 1, retentionMs: 86_400_000, groups: ['readers'] }]);
    const append = (value: string) => log.append('jobs', [{ key: 'k', value: Buffer.from(value) }]);
    const witness = createWitness('readers', 'jobs');
    const member = await witness.join(log);
    await append('before');
    await vi.waitFor(() => expect(witness.handled.has('before')).toBe(true), 20_000);

    const { createErrorFromCode } = load('protocol/error.js');
    const broker = load('broker/index.js').prototype;
    const join = vi.spyOn(broker, 'joinGroup').mockRejectedValueOnce(createErrorFromCode(COORDINATOR_LOADING));
    vi.spyOn(broker, 'heartbeat').mockRejectedValueOnce(createErrorFromCode(UNKNOWN_MEMBER));
    await vi.waitFor(() => expect(join).toHaveBeenCalled(), 20_000);
    // A new membership, and not the old one, which the group gives up only now.
    await vi.waitFor(() => expect(witness.assignments).toBe(2), 30_000);
    await append('after');
    await vi.waitFor(async () => expect((await log.lag('readers'))[0]?.records).toBe(0n), 20_000);
    expect(witness.handled.has('after')).toBe(true);
    expect(witness.violations).toEqual([]);
    await member.close();
    await log.close();
  });
});
