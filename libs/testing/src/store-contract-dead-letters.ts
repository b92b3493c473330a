import type { UnreadableJob } from '@belfry/core/store/dead-letters';
import { expect, it } from 'vitest';
import type { StoreContract } from './store-contract.ts';
import { attemptOf, DEAD, deadOne, HOUR_MS, routeOne, settleOne, unique } from './store-contract-fixture.ts';

export function describeDeadLetters(contract: StoreContract): void {
  it('keeps a letter with the whole history', async () => {
    const origin = { kind: 'input-topic', logTopic: 'orders', partition: 3, offset: '9007199254740993' } as const;
    const { ref } = await routeOne(contract, { fields: { origin } });
    const first = attemptOf(contract, ref);
    await settleOne(contract, ref, { kind: 'retry', dueInMs: 1_000 });
    await contract.clock.advance(1_000);
    await settleOne(contract, { ...ref, attempt: 2 }, DEAD);
    expect(await contract.store.listDeadLetters(ref.tenant, {}, undefined, 10)).toEqual({
      next: undefined,
      items: [
        {
          id: `${ref.deliveryId}.0`,
          tenant: ref.tenant,
          deliveryId: ref.deliveryId,
          notificationId: ref.notificationId,
          recipient: 'ann',
          channel: 'webpush',
          device: ref.deviceId,
          reason: 'payload-too-large',
          fingerprint: 'f1',
          state: 'open',
          redrive: 0,
          createdAtMs: contract.clock.nowMs(),
          origin,
          attempts: [
            { ...first, redrive: 0 },
            { ...attemptOf(contract, { ...ref, attempt: 2 }, { outcome: 'rejected' }), redrive: 0 },
          ],
        },
      ],
    });
  });

  it('does not know the origin of a notification that has none', async () => {
    const { ref } = await deadOne(contract);
    const { items } = await contract.store.listDeadLetters(ref.tenant, {}, undefined, 10);
    expect(items).toMatchObject([{ deliveryId: ref.deliveryId, origin: undefined }]);
  });

  it('lists newest first, in pages, also where many died in the same millisecond', async () => {
    const tenant = unique('t');
    const ids: string[] = [];
    for (let index = 0; index < 7; index++) {
      if (index % 3 === 0) await contract.clock.advance(10);
      const { ref } = await deadOne(contract, { tenant });
      ids.push(`${ref.deliveryId}.0`);
    }
    const listed: { readonly id: string; readonly createdAtMs: number }[] = [];
    let before: string | undefined;
    do {
      const page = await contract.store.listDeadLetters(tenant, {}, before, 2);
      listed.push(...page.items);
      before = page.next;
    } while (before !== undefined);
    expect(listed.map(({ id }) => id).sort()).toEqual([...ids].sort());
    const times = listed.map(({ createdAtMs }) => createdAtMs);
    expect(times).toEqual([...times].sort((left, right) => right - left));
  });

  it('filters by channel, fingerprint, recipient, notification and state', async () => {
    const tenant = unique('t');
    const ann = await deadOne(contract, { tenant });
    const bob = await routeOne(contract, { tenant, recipient: 'bob' });
    await settleOne(contract, bob.ref, { kind: 'dead-letter', reason: 'gone', fingerprint: 'f2' });
    await deadOne(contract);
    const list = async (filter: Parameters<typeof contract.store.listDeadLetters>[1]) => {
      const { items } = await contract.store.listDeadLetters(tenant, filter, undefined, 10);
      return items.map(({ recipient }) => recipient).sort();
    };
    expect(await list({})).toEqual(['ann', 'bob']);
    expect(await list({ channel: 'webpush' })).toEqual(['ann', 'bob']);
    expect(await list({ channel: 'fcm' })).toEqual([]);
    expect(await list({ fingerprint: 'f2' })).toEqual(['bob']);
    expect(await list({ recipient: 'ann' })).toEqual(['ann']);
    expect(await list({ notificationId: ann.notification.id })).toEqual(['ann']);
    expect(await list({ state: 'open' })).toEqual(['ann', 'bob']);
    expect(await list({ state: 'redriving' })).toEqual([]);
    expect(await list({ fingerprint: 'f1', recipient: 'bob' })).toEqual([]);
  });

  it('groups open letters by cause, the most frequent first', async () => {
    const tenant = unique('t');
    for (let index = 0; index < 3; index++) await deadOne(contract, { tenant });
    await contract.clock.advance(HOUR_MS);
    const other = await routeOne(contract, { tenant });
    await settleOne(contract, other.ref, { kind: 'dead-letter', reason: 'gone', fingerprint: 'f2' });
    const newestAtMs = contract.clock.nowMs();
    expect(await contract.store.groupDeadLetters(tenant)).toEqual([
      {
        fingerprint: 'f1',
        channel: 'webpush',
        reason: 'payload-too-large',
        count: 3,
        newestAtMs: newestAtMs - HOUR_MS,
      },
      { fingerprint: 'f2', channel: 'webpush', reason: 'gone', count: 1, newestAtMs },
    ]);
  });

  it('keeps unreadable jobs byte by byte, each once, newest first', async () => {
    const jobOf = (id: string): UnreadableJob => ({
      id,
      tenant: 'default',
      logTopic: 'jobs.transactional',
      partition: 3,
      offset: '9007199254740993',
      reason: 'not JSON',
      raw: Uint8Array.from({ length: 300 }, (_, index) => index % 256),
      sha256: 'hash',
    });
    const [first, second, third] = ['u1', 'u2', 'u3'].map(jobOf);
    if (first === undefined || second === undefined || third === undefined) throw new Error('three');
    await contract.store.putUnreadableJobs([first, second]);
    await contract.clock.advance(1);
    await contract.store.putUnreadableJobs([third, first]);
    const jobs = await contract.store.listUnreadableJobs(undefined, 10);
    expect(jobs.map(({ id }) => id)).toEqual(['u3', 'u2', 'u1']);
    expect(jobs[0]).toEqual(third);
    expect((await contract.store.listUnreadableJobs('u3', 1)).map(({ id }) => id)).toEqual(['u2']);
    expect(await contract.store.listUnreadableJobs('u1', 10)).toEqual([]);
  });
}
