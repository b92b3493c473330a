import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDeliveryAppender } from './delivery-appender.ts';
import { type DispatchProcess, usePipeline } from './pipeline.fixture.ts';
import { type Answer, DELIVERED } from './scripted-channel.fixture.ts';

const pipeline = usePipeline();
const PROBE_INTERVAL_MS = 10_000;
const TIMEOUT: Answer = { kind: 'unknown', code: 'timeout', reason: 'timeout' };

/** Opens the breaker of a host in this process: five timeouts in a row. */
async function trip(worker: DispatchProcess, host: string): Promise<void> {
  const user = `trip-${host}-${pipeline.clock.nowMs()}`;
  await pipeline.addDevice(user, host);
  for (let count = 0; count < 5; count++) {
    pipeline.channel.answer(TIMEOUT);
    await pipeline.post(user);
    await pipeline.workOff(worker);
  }
}

async function postInOrder(user: string, count: number): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let index = 0; index < count; index++) ids.push(await pipeline.post(user));
  return ids;
}

/** Lets time go by until nothing waits any more. */
async function drain(worker: DispatchProcess): Promise<void> {
  for (let minutes = 60; minutes > 0; minutes--) {
    if ((await pipeline.store.nextTimerInMs()) === undefined) return;
    await pipeline.clock.advance(60_000);
    while ((await worker.release()) > 0) await pipeline.workOff(worker);
  }
}

/** The notifications of a user in the order of their first attempts at a host. */
const firstAttemptsOf = (user: string, host: string) =>
  pipeline.channel.sent
    .filter(({ attempt, recipient }) => attempt === 1 && recipient === user)
    .filter(({ device }) => pipeline.channel.hostOf(device) === host)
    .map(({ notification }) => notification.id);

describe('decision 11: what is parked keeps its order', () => {
  it('does not let a later one be the probe, nor go first once the host is well', async () => {
    const worker = pipeline.start();
    await trip(worker, 'down.example');
    await pipeline.addDevice('o-ann', 'down.example');
    const [first = ''] = await postInOrder('o-ann', 1);
    await pipeline.workOff(worker);
    await pipeline.clock.advance(PROBE_INTERVAL_MS);
    // The first is due in 10 ms: its turn after the probe.
    const [second = ''] = await postInOrder('o-ann', 1);
    await pipeline.workOff(worker);
    expect(firstAttemptsOf('o-ann', 'down.example')).toEqual([]);
    expect(await pipeline.deliveryOf(second)).toMatchObject({
      state: 'retrying',
      reason: 'behind-an-earlier',
      attempts: [],
    });
    // Neither does a worker that knows nothing of the host.
    const [third = ''] = await postInOrder('o-ann', 1);
    await pipeline.workOff(pipeline.start());
    expect(firstAttemptsOf('o-ann', 'down.example')).toEqual([]);

    await drain(worker);
    expect(firstAttemptsOf('o-ann', 'down.example')).toEqual([first, second, third]);
  });

  it('waits behind one that its host had no place for', async () => {
    const worker = pipeline.start();
    await pipeline.addDevice('o-fay', 'busy.example');
    const [first = ''] = await postInOrder('o-fay', 1);
    await worker.route(await pipeline.takeJobs());
    for (const record of await pipeline.takeDeliveries()) await worker.putOff(record);
    expect(await pipeline.deliveryOf(first)).toMatchObject({
      state: 'retrying',
      reason: 'provider-busy',
      dueAtMs: pipeline.clock.nowMs() + 5_001,
      attempts: [],
    });
    const [second = ''] = await postInOrder('o-fay', 1);
    await pipeline.workOff(worker);
    expect(pipeline.channel.sent).toEqual([]);
    await drain(worker);
    expect(firstAttemptsOf('o-fay', 'busy.example')).toEqual([first, second]);
  });

  it('lets another device of the recipient have it at once, and other recipients', async () => {
    const worker = pipeline.start();
    await trip(worker, 'down.example');
    await pipeline.addDevice('o-bob', 'down.example');
    await pipeline.addDevice('o-bob', 'up.example');
    await pipeline.addDevice('o-cay', 'down.example');
    const ids = await postInOrder('o-bob', 3);
    await pipeline.workOff(worker);
    expect(firstAttemptsOf('o-bob', 'up.example')).toEqual(ids);
    expect(firstAttemptsOf('o-bob', 'down.example')).toEqual([]);

    await pipeline.clock.advance(PROBE_INTERVAL_MS);
    const [other = ''] = await postInOrder('o-cay', 1);
    await pipeline.workOff(worker);
    expect(firstAttemptsOf('o-cay', 'down.example')).toEqual([other]);
  });

  it('takes the turn of one that failed by itself: a retry has left the order', async () => {
    const worker = pipeline.start();
    await pipeline.addDevice('o-dan', 'push.example');
    pipeline.channel.answer(TIMEOUT);
    const ids = await postInOrder('o-dan', 2);
    await pipeline.workOff(worker);
    expect(firstAttemptsOf('o-dan', 'push.example')).toEqual(ids);
    expect(await pipeline.deliveryOf(ids[0] ?? '')).toMatchObject({ state: 'retrying', attempts: [{ number: 1 }] });
    expect(await pipeline.deliveryOf(ids[1] ?? '')).toMatchObject({ state: 'delivered' });
  });

  it('ends one that may not live as long as the one before it waits, and goes on without the dead', async () => {
    const worker = pipeline.start();
    await trip(worker, 'down.example');
    await pipeline.addDevice('o-eve', 'down.example');
    const old = await pipeline.post('o-eve', { collapseKey: 'score' });
    const short = await pipeline.post('o-eve', { ttlSeconds: 2 });
    const latest = await pipeline.post('o-eve', { collapseKey: 'score' });
    await pipeline.workOff(worker);
    await drain(worker);
    expect(await pipeline.deliveryOf(old)).toMatchObject({ state: 'superseded' });
    expect(await pipeline.deliveryOf(short)).toMatchObject({ state: 'expired', attempts: [] });
    expect(firstAttemptsOf('o-eve', 'down.example')).toEqual([latest]);
  });

  it('keeps first attempts at each device in order, whatever hosts, workers and schedulers do', async () => {
    let turn = 0;
    const host = fc.constantFrom('a.example', 'b.example');
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ kind: fc.constant('post' as const), user: fc.constantFrom('x', 'y') }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('turn' as const), host }) },
      {
        weight: 3,
        arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 9_000 }) }),
      },
      { weight: 3, arbitrary: fc.constant({ kind: 'release' as const }) },
      { weight: 1, arbitrary: fc.constant({ kind: 'release-crossed' as const }) },
      { weight: 1, arbitrary: fc.constant({ kind: 'restart' as const }) },
    );
    type Step = typeof step extends fc.Arbitrary<infer Each> ? Each : never;

    const check = async (steps: readonly Step[]) => {
      turn++;
      const users = { x: `p${turn}-x`, y: `p${turn}-y` };
      const hosts = ['a.example', 'b.example'] as const;
      for (const user of Object.values(users)) for (const at of hosts) await pipeline.addDevice(user, at);
      const posted: Record<'x' | 'y', string[]> = { x: [], y: [] };
      const failing = new Set<string>();
      const answer: Answer = async ({ device }) =>
        failing.has(pipeline.channel.hostOf(device)) ? { kind: 'unknown', code: '', reason: 'timeout' } : DELIVERED;
      pipeline.channel.clear();
      pipeline.channel.answer(...Array.from({ length: 2_000 }, () => answer));
      let worker = pipeline.start();
      const perform = async (each: Step): Promise<void> => {
        switch (each.kind) {
          case 'post':
            posted[each.user].push(...(await postInOrder(users[each.user], 2)));
            return;
          case 'turn':
            if (!failing.delete(each.host)) failing.add(each.host);
            return;
          case 'wait':
            return pipeline.clock.advance(each.ms);
          case 'release':
            await worker.release();
            return;
          case 'release-crossed':
            return releaseCrossed();
          case 'restart':
            worker = pipeline.start();
            return;
        }
      };
      for (const each of steps) {
        await perform(each);
        await pipeline.workOff(worker);
      }
      failing.clear();
      await drain(worker);
      for (const name of ['x', 'y'] as const) {
        for (const at of hosts) expect(firstAttemptsOf(users[name], at)).toEqual(posted[name]);
      }
    };
    // Begins with a host that fails long enough for its breaker to open.
    const opening: Step[] = [
      { kind: 'turn', host: 'a.example' },
      ...(['x', 'y', 'x', 'y'] as const).map((user) => ({ kind: 'post' as const, user })),
    ];
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 15 }), (steps) => check([...opening, ...steps])),
      { numRuns: 30 },
    );
  }, 120_000);
});

/** Two schedulers that each have some of the timers, and append in the wrong order. */
async function releaseCrossed(): Promise<void> {
  const timers = await pipeline.store.claimDueTimers(500, 30_000);
  const append = createDeliveryAppender(pipeline.log);
  for (const { delivery } of timers.toReversed()) await append(delivery);
  await pipeline.store.removeTimers(timers);
}
