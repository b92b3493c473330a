import type { LogRecord } from '@belfry/core/log';
import type { Outcome } from '@belfry/core/outcome';
import { DEAD_LETTERS_TOPIC, RECEIPTS_TOPIC } from '@belfry/protocol/log-topics';
import { describe, expect, it } from 'vitest';
import { inputOf, jsonOf, only, SCHEDULE_MS, TENANT, usePipeline } from './pipeline.fixture.ts';
import { ATTEMPT_TIMEOUT_MS, DELIVERED, FAILED, REJECTED } from './scripted-channel.fixture.ts';

const pipeline = usePipeline();
const PROBE_INTERVAL_MS = 10_000;

/** Records of first attempts to one new user each, all at one host. */
async function queued(count: number, name: string, host = 'push.example'): Promise<readonly LogRecord[]> {
  const { route } = pipeline.start();
  for (let index = 0; index < count; index++) {
    await pipeline.addDevice(`${name}-${index}`, host);
    await pipeline.post(`${name}-${index}`);
    for (const job of await pipeline.takeJobs()) await route([job]);
  }
  return pipeline.takeDeliveries();
}

const stateOf = (record: LogRecord) => pipeline.deliveryOf(String(jsonOf(record).notificationId));
const neverAnswers = () => new Promise<never>(() => {});

describe('decision 10: a breaker parks, it does not pause', () => {
  it('parks what is for the open host with its attempt unchanged, lets other hosts flow, and spreads the return', async () => {
    const worker = pipeline.start();
    const failing = await queued(20, 'b', 'down.example');
    pipeline.channel.answer(...failing.map(() => FAILED));
    for (const record of failing) await worker.deliver(record);
    const parked = await queued(5, 'p', 'down.example');
    const others = await queued(3, 'o', 'up.example');
    const openedAtMs = pipeline.clock.nowMs();
    for (const record of [...parked, ...others]) await worker.deliver(record);

    expect(pipeline.channel.sent.slice(20).map(({ recipient }) => recipient)).toEqual(['o-0', 'o-1', 'o-2']);
    const waits: number[] = [];
    for (const record of parked) {
      const delivery = await stateOf(record);
      expect(delivery).toMatchObject({ state: 'retrying', reason: 'provider-unavailable', attempts: [] });
      waits.push((delivery.dueAtMs ?? 0) - openedAtMs);
    }
    // One each 10 ms after the probe: 100 a second.
    expect(waits).toEqual([1, 2, 3, 4, 5].map((place) => PROBE_INTERVAL_MS + place * 10));

    await pipeline.clock.advance(PROBE_INTERVAL_MS + 50);
    await worker.release();
    const again = (await pipeline.takeDeliveries()).filter((record) =>
      String(jsonOf(record).recipient).startsWith('p-'),
    );
    expect(again.map((record) => jsonOf(record).attempt)).toEqual([1, 1, 1, 1, 1]);
    const [probe, ...rest] = again;
    pipeline.channel.answer(FAILED);
    await worker.deliver(probe as LogRecord);
    await worker.deliver(rest[0] as LogRecord);
    expect(await stateOf(probe as LogRecord)).toMatchObject({ attempts: [{ number: 1, outcome: 'retry' }] });
    expect(await stateOf(rest[0] as LogRecord)).toMatchObject({ attempts: [], reason: 'provider-unavailable' });

    await pipeline.clock.advance(PROBE_INTERVAL_MS);
    for (const record of rest.slice(1)) await worker.deliver(record);
    for (const record of rest.slice(1))
      expect(await stateOf(record)).toMatchObject({ state: 'delivered', attempts: [{ number: 1 }] });
  });

  it('keeps a repeated record of a parked delivery waiting, also in a worker that knows nothing of the host yet', async () => {
    const worker = pipeline.start();
    const failing = await queued(20, 'k', 'down.example');
    pipeline.channel.answer(...failing.map(() => FAILED));
    for (const record of failing) await worker.deliver(record);
    const parked = only(await queued(1, 'kp', 'down.example'));
    await worker.deliver(parked);
    const { dueAtMs } = await stateOf(parked);
    await pipeline.clock.advance(PROBE_INTERVAL_MS - 1);
    await pipeline.start().deliver(parked);
    expect(pipeline.channel.sent).toHaveLength(20);
    expect(await stateOf(parked)).toMatchObject({ state: 'retrying', dueAtMs, attempts: [] });
    expect(pipeline.dropped).toEqual(['early']);
  });

  it('keeps the backlog when our credentials are refused: a dead letter for what was tried, a probe per interval', async () => {
    const worker = pipeline.start();
    const records = await queued(6, 'c', 'down.example');
    const refused: Outcome = { kind: 'rejected', code: '401', reason: 'unauthenticated', fault: 'setup' };
    pipeline.channel.answer(refused, refused);
    for (const record of records) await worker.deliver(record);
    await pipeline.clock.advance(PROBE_INTERVAL_MS + 100);
    await worker.release();
    for (const record of await pipeline.takeDeliveries()) await worker.deliver(record);
    const states = async () => (await Promise.all(records.map(stateOf))).map(({ state }) => state).toSorted();
    const dead = ['dead-lettered', 'dead-lettered'];
    expect(await states()).toEqual([...dead, 'retrying', 'retrying', 'retrying', 'retrying']);
    for (let interval = 0; interval < 2; interval++) {
      await pipeline.clock.advance(PROBE_INTERVAL_MS + 100);
      await worker.release();
      await pipeline.workOff(worker);
    }
    expect(await states()).toEqual([...dead, 'delivered', 'delivered', 'delivered', 'delivered']);
    expect(pipeline.channel.sent.map(({ attempt }) => attempt)).toEqual([1, 1, 1, 1, 1, 1]);
  });

  it('never parks beyond the deadline', async () => {
    const worker = pipeline.start();
    const failing = await queued(20, 'e', 'down.example');
    pipeline.channel.answer(...failing.map(() => FAILED));
    for (const record of failing) await worker.deliver(record);
    await pipeline.addDevice('e-late', 'down.example');
    const id = await pipeline.post('e-late', { ttlSeconds: 2 });
    await pipeline.workOff(worker);
    const { dueAtMs } = await pipeline.deliveryOf(id);
    expect(dueAtMs).toBe((await pipeline.ledger(id)).notification.expiresAtMs - 1);
  });
});

describe('decision 11: a hard deadline', () => {
  it('calls an attempt unknown that does not come back, and goes on', async () => {
    const record = only(await queued(1, 'h'));
    pipeline.channel.answer(neverAnswers);
    const underWay = pipeline.start().deliver(record);
    await expect.poll(() => pipeline.channel.sent.length).toBe(1);
    await pipeline.clock.advance(ATTEMPT_TIMEOUT_MS + 1_000);
    await underWay;
    expect(await stateOf(record)).toMatchObject({
      state: 'retrying',
      attempts: [{ number: 1, outcome: 'unknown', code: 'deadline', reason: 'attempt-deadline' }],
    });
  });

  it('ends an attempt no later than the notification’s own deadline', async () => {
    await pipeline.addDevice('h-ttl');
    const id = await pipeline.post('h-ttl', { ttlSeconds: 3 });
    let abortedAtMs = 0;
    const beganAtMs = pipeline.clock.nowMs();
    pipeline.channel.answer(
      (_, signal) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            abortedAtMs = pipeline.clock.nowMs();
            resolve({ kind: 'unknown', code: 'aborted', reason: 'timeout' });
          });
        }),
    );
    const underWay = pipeline.workOff();
    await expect.poll(() => pipeline.channel.sent.length).toBe(1);
    await pipeline.clock.advance(3_000);
    await underWay;
    expect(abortedAtMs - beganAtMs).toBe(3_000);
    expect(await pipeline.deliveryOf(id)).toMatchObject({ state: 'expired', attempts: [{ outcome: 'unknown' }] });
  });

  it('does not use up an attempt that a shutdown stopped before anything was sent', async () => {
    const record = only(await queued(1, 's'));
    const shutdown = new AbortController();
    pipeline.channel.answer(async (_, signal) => {
      shutdown.abort();
      return signal.aborted ? { kind: 'retry', code: 'aborted', reason: 'aborted' } : DELIVERED;
    });
    await expect(pipeline.start().deliver(record, shutdown.signal)).rejects.toThrow('interrupted');
    expect(await stateOf(record)).toMatchObject({ state: 'queued', attempts: [] });
    await pipeline.start().deliver(record);
    expect(await stateOf(record)).toMatchObject({ state: 'delivered', attempts: [{ number: 1 }] });
  });

  it('counts one that a shutdown stopped halfway as unknown', async () => {
    const record = only(await queued(1, 'sh'));
    const shutdown = new AbortController();
    pipeline.channel.answer(neverAnswers);
    const underWay = pipeline.start().deliver(record, shutdown.signal);
    await expect.poll(() => pipeline.channel.sent.length).toBe(1);
    shutdown.abort();
    await pipeline.clock.advance(1_000);
    await underWay;
    expect(await stateOf(record)).toMatchObject({ state: 'retrying', attempts: [{ outcome: 'unknown' }] });
  });
});

describe('decision 12: an outage is not a failure of a delivery', () => {
  it.each([
    ['the gate', 'readGate', 0],
    ['the settlement', 'settle', 1],
  ] as const)('rejects and uses nothing up while the store is down at %s', async (where, method, sends) => {
    const record = only(await queued(1, `o-${method}`));
    const { deliver } = pipeline.start();
    const back = pipeline.faults.outage([method]);
    for (let turn = 0; turn < 10; turn++) {
      await expect(deliver(record), where).rejects.toMatchObject({ code: 'store-unavailable' });
    }
    expect(pipeline.channel.sent).toHaveLength(sends);
    expect(await stateOf(record)).toMatchObject({ state: 'queued', attempts: [] });
    expect(await pipeline.take(DEAD_LETTERS_TOPIC)).toEqual([]);
    expect(
      (await pipeline.take(RECEIPTS_TOPIC)).map(jsonOf).filter(({ attempt, state }) => attempt && state !== 'queued'),
    ).toEqual([]);
    back();
    await deliver(record);
    expect(await stateOf(record)).toMatchObject({ state: 'delivered', attempts: [{ number: 1 }] });
    expect(pipeline.channel.sent).toHaveLength(1);
  });

  it('settles what an attempt came to, not what another one might, when the store takes changes again', async () => {
    const record = only(await queued(1, 'once'));
    const { deliver, release } = pipeline.start();
    pipeline.channel.answer(FAILED, REJECTED);
    pipeline.faults.plan('settle', { when: 'before', times: 2 });
    for (let turn = 0; turn < 2; turn++) await expect(deliver(record)).rejects.toThrow('settle failed');
    await deliver(record);
    expect(await stateOf(record)).toMatchObject({ state: 'retrying', attempts: [{ number: 1, outcome: 'retry' }] });
    // The next attempt is one of its own.
    await pipeline.clock.advance(SCHEDULE_MS[0] ?? 0);
    await pipeline.clock.advance(SCHEDULE_MS[0] ?? 0);
    await release();
    await deliver(only(await pipeline.takeDeliveries()));
    expect(await stateOf(record)).toMatchObject({
      state: 'dead-lettered',
      attempts: [{ outcome: 'retry' }, { outcome: 'rejected' }],
    });
    expect(pipeline.channel.sent).toHaveLength(2);
  });

  it('says that it was delivered, also where its time is over when the store can be told', async () => {
    await pipeline.addDevice('late');
    const id = await pipeline.post('late', { ttlSeconds: 5 });
    const { deliver, route } = pipeline.start();
    await route(await pipeline.takeJobs());
    const record = only(await pipeline.takeDeliveries());
    pipeline.faults.plan('settle', { when: 'before' });
    await expect(deliver(record)).rejects.toThrow('settle failed');
    await pipeline.clock.advance(6_000);
    await deliver(record);
    expect(await pipeline.deliveryOf(id)).toMatchObject({ state: 'delivered', attempts: [{ outcome: 'delivered' }] });
    expect(pipeline.channel.sent).toHaveLength(1);
  });

  it('sends again in a process that does not know what came of it', async () => {
    const record = only(await queued(1, 'elsewhere'));
    pipeline.faults.plan('settle', { when: 'before' });
    await expect(pipeline.start().deliver(record)).rejects.toThrow('settle failed');
    await pipeline.start().deliver(record);
    expect(pipeline.channel.sent).toHaveLength(2);
    expect(await stateOf(record)).toMatchObject({ state: 'delivered', attempts: [{ number: 1 }] });
  });

  it('sends once although the log is down for the feeds, and tells them when it is back', async () => {
    const record = only(await queued(1, 'f'));
    await pipeline.take(RECEIPTS_TOPIC);
    const { deliver, commit } = pipeline.start();
    const back = pipeline.faults.outage(['append']);
    await deliver(record);
    for (let turn = 0; turn < 5; turn++) await expect(commit()).rejects.toMatchObject({ code: 'log-unavailable' });
    back();
    await commit();
    expect(pipeline.channel.sent).toHaveLength(1);
    const receipts = (await pipeline.take(RECEIPTS_TOPIC)).map(jsonOf);
    expect(receipts.map(({ state }) => state)).toEqual(['delivered']);
  });

  it('keeps a dead letter for its feed until the log is back', async () => {
    const record = only(await queued(1, 'd'));
    pipeline.channel.answer(REJECTED);
    const { deliver } = pipeline.start();
    const back = pipeline.faults.outage(['append']);
    await expect(deliver(record)).rejects.toMatchObject({ code: 'log-unavailable' });
    await expect(deliver(record)).rejects.toMatchObject({ code: 'log-unavailable' });
    back();
    await deliver(record);
    const letters = (await pipeline.take(DEAD_LETTERS_TOPIC)).map(jsonOf);
    // At least once: an append may have been on its way when the outage ended.
    expect(letters[0]).toMatchObject({ kind: 'dead-letter', attempts: [{ number: 1 }] });
    expect(new Set(letters.map(({ deliveryId }) => deliveryId))).toEqual(new Set([jsonOf(record).deliveryId]));
  });

  it.each([
    ['the store', ['route']],
    ['the log', ['append']],
  ])('does not take a job for unreadable or done while %s is down', async (_what, methods) => {
    const user = `r-${methods.join('-')}`;
    await pipeline.addDevice(user);
    await pipeline.post(user);
    const jobs = await pipeline.takeJobs();
    const { route } = pipeline.start();
    const known = (await pipeline.store.listUnreadableJobs(undefined, 10)).length;
    const back = pipeline.faults.outage(methods);
    for (let turn = 0; turn < 5; turn++) await expect(route(jobs)).rejects.toThrow('failed');
    back();
    await route(jobs);
    await pipeline.workOff();
    expect(pipeline.channel.sent).toHaveLength(1);
    expect(await pipeline.store.listUnreadableJobs(undefined, 10)).toHaveLength(known);
    expect(await pipeline.store.heads([{ tenant: TENANT, user }])).toEqual([1]);
  });

  it('answers a producer with what is down, and takes the same request when it is back', async () => {
    const { accept } = pipeline.start();
    const seed = { hex: '0196f0000000aaaaaaaaaaaaaaaaaaaa', index: 0, takenOver: true };
    const input = { ...inputOf('i'), seed };
    for (const [method, code] of [
      ['beginAccept', 'store-unavailable'],
      ['append', 'log-unavailable'],
    ] as const) {
      const back = pipeline.faults.outage([method]);
      await expect(accept([input])).rejects.toMatchObject({ code });
      back();
    }
    expect(await accept([input])).toMatchObject([{ kind: 'accepted' }]);
  });
});
