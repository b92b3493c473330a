import { EVERY_TARGET, fcmErrorStep } from '@belfry/provider-simulator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Api, createApi } from './harness/api.ts';
import { addFcmDevice, addWebPushDevice } from './harness/devices.ts';
import { type Belfry, launchBelfry } from './harness/launch-belfry.ts';
import { readEndedLedgers, readLedgers } from './harness/ledger.ts';
import { type Providers, startProviders } from './harness/providers.ts';
import { waitUntil } from './harness/wait-until.ts';

const PROBE_INTERVAL_MS = 500;

let providers: Providers;
let slow: Providers;
let belfry: Belfry;
let api: Api;

beforeAll(async () => {
  [providers, slow] = await Promise.all([startProviders(), startProviders()]);
  const hosts = [providers, slow].map(({ env }) => env.BELFRY_WEBPUSH_ALLOWED_HOSTS).join(',');
  belfry = await launchBelfry({
    env: {
      ...providers.env,
      BELFRY_WEBPUSH_ALLOWED_HOSTS: hosts,
      BELFRY_PUSH_CONCURRENCY: '8',
      BELFRY_RETRY_WEBPUSH: '1m',
      BELFRY_BREAKER_PROBE_INTERVAL: `${PROBE_INTERVAL_MS}ms`,
    },
  });
  api = createApi(belfry.url);
});

afterAll(async () => {
  await belfry?.stop();
  await Promise.all([providers?.stop(), slow?.stop()]);
});

async function send(user: string, channel: 'webpush' | 'fcm' = 'webpush'): Promise<string> {
  const { status, body } = await api.post<{ id: string }>('/v1/notifications', {
    to: { users: [user] },
    type: 'test',
    title: `For ${user}`,
    channels: [channel],
  });
  if (status !== 202) throw new Error(`${user}: ${status} ${JSON.stringify(body)}`);
  return body.id;
}

const isBreakerOpen = async () => /belfry_breaker_open\{.*channel="webpush".*\} 1/.test(await api.getText('/metrics'));

describe('a provider that fails', () => {
  it('gets first attempts in their order, however long they had to wait and whoever was the probe', async () => {
    const script = providers.simulator.webpush.script;
    const storm = await addWebPushDevice(api, providers, 'storm');
    script.set(storm.target, [{ kind: 'status', status: 503, times: 1_000 }]);
    const ann = await addWebPushDevice(api, providers, 'ann');
    // Her first three are probes that fail, so the breaker stays open for some intervals.
    script.set(ann.target, [{ kind: 'status', status: 503, times: 3 }]);
    for (let count = 0; count < 20; count++) await send('storm');
    await waitUntil(isBreakerOpen);

    const ids: string[] = [];
    const tried = async () => {
      const ledgers = await readLedgers(api, ids);
      return ledgers.every((deliveries) => (deliveries?.[0]?.attempts.length ?? 0) > 0) ? ledgers : undefined;
    };
    // One in every twentieth of an interval: some come just when a probe is due.
    await waitUntil(
      async () => {
        ids.push(await send('ann'));
        return ids.length >= 40 && !(await isBreakerOpen());
      },
      { everyMs: PROBE_INTERVAL_MS / 20 },
    );
    const ledgers = await waitUntil(tried);

    const firstAttempts = ledgers.map((deliveries) => Date.parse(deliveries?.[0]?.attempts[0]?.at ?? ''));
    expect(firstAttempts).toEqual(firstAttempts.toSorted((left, right) => left - right));
    const reached = providers.simulator.webpush.recorder.received(ann.target).map(({ payload }) => payload);
    expect(reached.map((payload) => JSON.parse(payload ?? '').id)).toEqual(ids.slice(3));
    // Without any that was parked this would have shown nothing.
    const delivered = await readEndedLedgers(api, ids.slice(3), { timeoutMs: 10_000 });
    expect(delivered.unended).toEqual([]);
    expect(firstAttempts.at(3)).toBeGreaterThan((firstAttempts.at(0) ?? 0) + PROBE_INTERVAL_MS);
  });
});

describe('a provider that refuses our credentials', () => {
  it('costs a few dead letters, and gets the rest once they are mended', async () => {
    const users = Array.from({ length: 60 }, (_, index) => `phone-${index}`);
    await Promise.all(users.map((user) => addFcmDevice(api, providers, user)));
    const { script } = providers.simulator.fcm;
    script.set(EVERY_TARGET, [], fcmErrorStep('UNAUTHENTICATED'));
    const ids = await Promise.all(users.map((user) => send(user, 'fcm')));
    const statuses = async () => (await readLedgers(api, ids)).map((deliveries) => deliveries?.[0]?.status ?? 'none');
    await waitUntil(async () => (await statuses()).every((status) => ['dead-lettered', 'retrying'].includes(status)));
    expect(await api.getText('/metrics')).toMatch(/belfry_breaker_open\{.*channel="fcm".*cause="refusing".*\} 1/);

    script.set(EVERY_TARGET, []);
    const { unended, deliveries } = await readEndedLedgers(api, ids, { timeoutMs: 60_000 });
    expect(unended).toEqual([]);
    const ended = (status: string) => deliveries.filter((delivery) => delivery.status === status);
    expect(ended('dead-lettered').length + ended('delivered').length).toBe(users.length);
    expect(ended('dead-lettered').every(({ reason }) => reason === 'unauthenticated')).toBe(true);
    // Eight under way at once, and a probe in each half second.
    expect(ended('delivered').length).toBeGreaterThan(users.length / 3);
  }, 90_000);
});

describe('a provider that is slow', () => {
  it('leaves slots to the others, and gets what waited for it in the end', async () => {
    const users = Array.from({ length: 60 }, (_, index) => `slow-${index}`);
    await Promise.all(users.map((user) => addWebPushDevice(api, slow, user)));
    slow.simulator.webpush.script.set(EVERY_TARGET, [], { kind: 'slow', delayMs: 4_000, next: { kind: 'accept' } });
    await addWebPushDevice(api, providers, 'quick');
    const slowIds = await Promise.all(users.map((user) => send(user)));
    const quickIds = await Promise.all(Array.from({ length: 20 }, () => send('quick')));

    const quick = await readEndedLedgers(api, quickIds, { timeoutMs: 30_000 });
    const before = (await readLedgers(api, slowIds)).flatMap((deliveries) => deliveries ?? []);
    expect(quick.deliveries.map(({ status }) => status)).toEqual(quickIds.map(() => 'delivered'));
    // In the order of the log and with all slots for whoever comes, the slow ones would have gone first.
    expect(before.filter(({ status }) => status === 'delivered').length).toBeLessThan(30);

    // What would only wait in the worker's memory goes back to the store.
    const putOff = async () =>
      (await readLedgers(api, slowIds)).flat().some((delivery) => delivery?.reason === 'provider-busy');
    await waitUntil(putOff);
    slow.simulator.webpush.script.set(EVERY_TARGET, []);
    const { ended, deliveries } = await readEndedLedgers(api, slowIds, { timeoutMs: 60_000 });
    expect(ended.size).toBe(slowIds.length);
    expect(deliveries.map(({ status, attempts }) => [status, attempts.length])).toEqual(
      users.map(() => ['delivered', 1]),
    );
  }, 120_000);
});
