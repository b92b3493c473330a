import { isUnavailable } from '@belfry/core/unavailable-error';
import { createFakeClock } from '@belfry/testing/fake-clock';
import kafkajs, { type Offsets } from 'kafkajs';
import { beforeEach, describe, expect, it } from 'vitest';
import { type CommitTarget, createCommitQueue } from './commit-queue.ts';

type Sent = { readonly commits: readonly string[]; readonly answer: PromiseWithResolvers<void> };

function flat({ topics }: Offsets): string[] {
  return topics.flatMap(({ topic, partitions }) =>
    partitions.map(({ partition, offset }) => `${topic}/${partition}=${offset}`),
  );
}

function answerOf(type: string): Error {
  return new kafkajs.KafkaJSProtocolError({ type, code: 0, retriable: false, message: type } as never);
}

describe('commits', () => {
  let clock: ReturnType<typeof createFakeClock>;
  let sent: Sent[];
  let queue: ReturnType<typeof createCommitQueue>;
  const target = (partition = 0, topic = 'jobs'): CommitTarget => ({ topic, partition, committed: 0n, revoked: false });
  const outcome = (promise: Promise<void>) =>
    promise.then(
      () => 'resolved',
      (error: unknown) => (isUnavailable(error) ? 'unavailable' : String(error)),
    );
  const sends = () => sent.map(({ commits }) => commits);

  beforeEach(() => {
    clock = createFakeClock();
    sent = [];
    queue = createCommitQueue({
      clock,
      timeoutMs: 1_000,
      send(offsets) {
        const answer = Promise.withResolvers<void>();
        sent.push({ commits: flat(offsets), answer });
        return answer.promise;
      },
    });
  });

  it('of several partitions made at once are one request', async () => {
    const commits = [queue.add(target(0), 5n), queue.add(target(1), 6n), queue.add(target(0, 'bulk'), 7n)];
    await clock.advance(0);
    expect(sends()).toEqual([['jobs/0=5', 'jobs/1=6', 'bulk/0=7']]);
    sent[0]?.answer.resolve();
    expect(await Promise.all(commits.map(outcome))).toEqual(['resolved', 'resolved', 'resolved']);
  });

  it('made while one is on its way wait, and the highest goes', async () => {
    const one = target();
    const first = outcome(queue.add(one, 5n));
    await clock.advance(0);
    const later = [queue.add(one, 8n), queue.add(one, 6n), queue.add(one, 7n)].map(outcome);
    await clock.advance(10);
    expect(sends()).toEqual([['jobs/0=5']]);
    sent[0]?.answer.resolve();
    await clock.advance(0);
    expect(sends()).toEqual([['jobs/0=5'], ['jobs/0=8']]);
    sent[1]?.answer.resolve();
    expect(await Promise.all([first, ...later])).toEqual(['resolved', 'resolved', 'resolved', 'resolved']);
  });

  it('never go back', async () => {
    const one = target();
    const first = outcome(queue.add(one, 5n));
    await clock.advance(0);
    sent[0]?.answer.resolve();
    await first;
    expect(await outcome(queue.add(one, 5n))).toBe('resolved');
    expect(await outcome(queue.add(one, 3n))).toBe('resolved');
    await clock.advance(0);
    expect(sent).toHaveLength(1);
  });

  it('of a partition that was revoked meanwhile resolve and are not sent', async () => {
    const one = target();
    const commit = outcome(queue.add(one, 5n));
    one.revoked = true;
    await clock.advance(0);
    expect(sent).toEqual([]);
    expect(await commit).toBe('resolved');
  });

  it.each(['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'REBALANCE_IN_PROGRESS', 'FENCED_INSTANCE_ID'])(
    'refused with %s resolve without effect',
    async (type) => {
      const one = target();
      const commit = outcome(queue.add(one, 5n));
      await clock.advance(0);
      sent[0]?.answer.reject(answerOf(type));
      expect(await commit).toBe('resolved');
      expect(one.committed).toBe(0n);
    },
  );

  it('that fail otherwise reject, and the next try goes out', async () => {
    const one = target();
    const commit = outcome(queue.add(one, 5n));
    await clock.advance(0);
    sent[0]?.answer.reject(answerOf('NOT_COORDINATOR_FOR_GROUP'));
    expect(await commit).toBe('unavailable');
    void queue.add(one, 5n);
    await clock.advance(0);
    expect(sends()).toEqual([['jobs/0=5'], ['jobs/0=5']]);
    sent[1]?.answer.resolve();
  });

  it('settle in time though no answer comes, and do not overtake what is on its way', async () => {
    const one = target();
    const commits = [outcome(queue.add(one, 5n))];
    await clock.advance(0);
    commits.push(outcome(queue.add(one, 6n)));
    await clock.advance(1_000);
    expect(await Promise.all(commits)).toEqual(['unavailable', 'unavailable']);
    expect(sent).toHaveLength(1);
    sent[0]?.answer.resolve();
    await clock.advance(0);
    expect(sends()).toEqual([['jobs/0=5'], ['jobs/0=6']]);
    sent[1]?.answer.resolve();
    await clock.settle();
    expect([one.committed, clock.pending]).toEqual([6n, 0]);
  });
});
