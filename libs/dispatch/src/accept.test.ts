import type { LogRecord } from '@belfry/core/log';
import { jobsTopic } from '@belfry/protocol/log-topics';
import { describe, expect, it } from 'vitest';
import { idOf, inputOf, TENANT, usePipeline } from './pipeline.fixture.ts';

const pipeline = usePipeline();

let seeds = 0;
/** What the idempotency layer gives a request, and gives its repeat after a crash. */
function newSeed() {
  const seed = { hex: `0196f0000000a1b2c3d4e5f60718${(++seeds).toString(16).padStart(4, '0')}`, index: 0 };
  return { first: { ...seed, takenOver: false }, again: { ...seed, takenOver: true } };
}

describe('decision 1: row, then jobs, then accepted', () => {
  it.each([
    ['before the row is there', 'beginAccept', 'before'],
    ['after the row is there', 'beginAccept', 'after'],
    ['before the jobs are in the log', 'append', 'before'],
    ['after the jobs are in the log', 'append', 'after'],
    ['before the row is accepted', 'markAccepted', 'before'],
    ['after the row is accepted', 'markAccepted', 'after'],
  ] as const)('a crash %s: the repeat gives the same id and one delivery', async (where, step, when) => {
    const input = inputOf(`ann ${where}`);
    const { first, again } = newSeed();
    await pipeline.addDevice(`ann ${where}`);
    pipeline.faults.plan(step, { when });
    await expect(pipeline.start().accept([{ ...input, seed: first }])).rejects.toThrow(`${step} failed`);

    const id = idOf((await pipeline.start().accept([{ ...input, seed: again }]))[0]);
    expect((await pipeline.ledger(id)).status).toBe('accepted');
    await pipeline.workOff();

    expect(pipeline.channel.sent.map((each) => each.notification.id)).toEqual([id]);
    const { deliveries } = await pipeline.ledger(id);
    expect(deliveries.map(({ channel, state }) => [channel, state]).toSorted()).toEqual([
      ['realtime', 'stored'],
      ['webpush', 'delivered'],
    ]);
  });

  it('does each step only when the one before it is durable', async () => {
    const release = pipeline.faults.hold('append');
    const accepted = pipeline.start().accept([inputOf('bob', { id: 'in-steps' })]);
    await expect.poll(() => pipeline.store.readNotification(TENANT, 'in-steps', undefined, 1)).toBeDefined();
    expect((await pipeline.ledger('in-steps')).status).toBe('accepting');
    release();
    await accepted;
    expect((await pipeline.ledger('in-steps')).status).toBe('accepted');
    expect(await pipeline.take(jobsTopic('transactional'))).toHaveLength(1);
  });

  it('gives up on the log after 5 s; what it takes later does no harm to a repeat', async () => {
    const { first, again } = newSeed();
    await pipeline.addDevice('cay');
    const release = pipeline.faults.hold('append');
    const { pending } = pipeline.clock;
    let answer: unknown;
    const late = pipeline
      .start()
      .accept([{ ...inputOf('cay'), seed: first }])
      .catch((error: unknown) => {
        answer = error;
      });
    await expect.poll(() => pipeline.clock.pending).toBe(pending + 1);
    await pipeline.clock.advance(4_999);
    expect(answer).toBeUndefined();
    await pipeline.clock.advance(1);
    await late;
    expect(answer).toMatchObject({ code: 'log-unavailable' });

    release();
    const id = idOf((await pipeline.start().accept([{ ...inputOf('cay'), seed: again }]))[0]);
    await expect.poll(() => pipeline.take(jobsTopic('transactional')).then((records) => records.length)).toBe(2);
    expect((await pipeline.ledger(id)).status).toBe('accepted');
  });

  it('takes over the row of a dead writer after 10 s, not before', async () => {
    const input = inputOf('dan', { id: 'left-behind' });
    pipeline.faults.plan('append', { when: 'before' });
    await expect(pipeline.start().accept([input])).rejects.toThrow('append failed');

    const { accept } = pipeline.start();
    await pipeline.clock.advance(9_000);
    expect(await accept([input])).toMatchObject([{ kind: 'in-progress', id: 'left-behind', retryAfterMs: 1_000 }]);
    await pipeline.clock.advance(1_001);
    expect(await accept([input])).toEqual([{ kind: 'accepted', id: 'left-behind', replayed: false }]);
    expect(await pipeline.takeJobs()).toHaveLength(1);
  });

  it('replays an id with the same body, refuses it with another', async () => {
    const { accept } = pipeline.start();
    const input = inputOf('eve', { id: 'own', data: { order: 7 } });
    expect(await accept([input])).toEqual([{ kind: 'accepted', id: 'own', replayed: false }]);
    expect(await accept([input])).toEqual([{ kind: 'accepted', id: 'own', replayed: true }]);
    const conflict = [{ kind: 'conflict', id: 'own' }];
    expect(await accept([inputOf('eve', { id: 'own', data: { order: 8 } })])).toEqual(conflict);
    expect(await accept([{ ...input, request: { ...input.request, to: { users: ['fay'] } } }])).toEqual(conflict);
    expect(await pipeline.takeJobs()).toHaveLength(1);
  });

  it('gives another place in the request, and no seed at all, another id', async () => {
    const { first } = newSeed();
    const input = inputOf('gus');
    const inputs = [{ ...input, seed: first }, { ...input, seed: { ...first, index: 1 } }, input, input];
    const ids = (await pipeline.start().accept(inputs)).map(idOf);
    expect(new Set(ids).size).toBe(4);
  });

  it('counts 16 KiB of content, not of recipients', async () => {
    const { accept } = pipeline.start();
    const users = Array.from({ length: 1_000 }, (_, index) => `a-user-with-a-long-name-${index}`);
    const body = 'x'.repeat(4_096);
    expect(await accept([inputOf('', { to: { users }, body })])).toMatchObject([{ kind: 'accepted' }]);
    const data = { a: body, b: body, c: body };
    expect(await accept([inputOf('hal', { body, data })])).toMatchObject([{ kind: 'too-large', limitBytes: 16_384 }]);
    expect(await pipeline.takeJobs()).toHaveLength(1_000);
  });
});

describe('a fresh id', () => {
  it('is answered when its row and its jobs are there, which wait for nothing of each other', async () => {
    const { accept } = pipeline.start();
    const answers: string[] = [];
    const holdRow = pipeline.faults.hold('beginAccept');
    const late = accept([inputOf('fi-ann')]).then(([result]) => answers.push(idOf(result)));
    await expect.poll(() => pipeline.takeJobs().then((jobs) => jobs.length)).toBe(1);
    expect(answers).toEqual([]);
    holdRow();
    await late;
    expect((await pipeline.ledger(answers[0] ?? '')).status).toBe('accepting');

    const holdJobs = pipeline.faults.hold('append');
    let answered = false;
    const later = accept([inputOf('fi-bob')]).then(() => {
      answered = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(answered).toBe(false);
    holdJobs();
    await later;
    expect(await pipeline.takeJobs()).toHaveLength(1);
  });

  it('becomes accepted a moment after the answer', async () => {
    const id = idOf((await pipeline.start().accept([inputOf('fi-cay')]))[0]);
    await pipeline.clock.advance(100);
    await expect.poll(() => pipeline.ledger(id).then(({ status }) => status)).toBe('accepted');
  });

  it('is answered also where the router was faster than its row', async () => {
    await pipeline.addDevice('fi-dan');
    const { accept, route } = pipeline.start();
    const release = pipeline.faults.hold('beginAccept');
    const accepted = accept([inputOf('fi-dan')]);
    const jobs: LogRecord[] = [];
    await expect.poll(async () => jobs.push(...(await pipeline.takeJobs()))).toBe(1);
    await route(jobs);
    release();
    const id = idOf((await accepted)[0]);
    await pipeline.clock.advance(100);
    await pipeline.workOff();
    const { status, deliveries } = await pipeline.ledger(id);
    expect([status, deliveries.length, pipeline.channel.sent.length]).toEqual(['routed', 2, 1]);
  });

  it('leaves no jobs behind in an outage of the store that is known', async () => {
    const { accept } = pipeline.start();
    const jobs: LogRecord[] = [];
    const back = pipeline.faults.outage(['beginAccept']);
    for (let post = 0; post < 5; post++)
      await expect(accept([inputOf('fi-eve')])).rejects.toMatchObject({ code: 'store-unavailable' });
    back();
    for (let post = 0; post < 2; post++)
      expect(await accept([inputOf('fi-eve')])).toMatchObject([{ kind: 'accepted' }]);
    // Those of the post that found out, and of the two that were accepted.
    await expect.poll(async () => jobs.push(...(await pipeline.takeJobs()))).toBe(3);
  });

  it('is unharmed by an outage between the answer and the mark', async () => {
    const id = idOf((await pipeline.start().accept([inputOf('fi-fay')]))[0]);
    const back = pipeline.faults.outage(['markAccepted']);
    await pipeline.clock.advance(100);
    back();
    await pipeline.workOff();
    expect((await pipeline.ledger(id)).status).toBe('routed');
  });
});
