import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Belfry, launchBelfry } from './harness/launch-belfry.ts';
import { type Begun, documentedAnswers, type OutcomeRun, startOutcomeRun } from './harness/outcome-run.ts';
import { type Providers, startProviders } from './harness/providers.ts';
import { FCM_CASES, type OutcomeCase, WEBPUSH_CASES, WEBPUSH_WAIT_MS } from './outcome-cases.ts';

/** A refused credential holds its host back: until the next probe, which must not be long. */
const SETTINGS = {
  BELFRY_RETRY_WEBPUSH: '2s,500ms',
  BELFRY_RETRY_FCM: '1s',
  BELFRY_BREAKER_PROBE_INTERVAL: '200ms',
};
/** Longer than this file waits for: what comes after it is only looked up, not waited for. */
const WAITED_FOR_MS = 20_000;

let providers: Providers;
let unreachable: Providers;
let belfry: Belfry;
let runs: Record<'webpush' | 'fcm', Started>;

type Started = { readonly run: OutcomeRun; readonly begun: Awaited<ReturnType<OutcomeRun['beginAll']>> };

async function start(channel: 'webpush' | 'fcm', cases: readonly OutcomeCase[]): Promise<Started> {
  const run = await startOutcomeRun(belfry.url, providers, channel);
  return { run, begun: await run.beginAll(cases) };
}

beforeAll(async () => {
  [providers, unreachable] = await Promise.all([startProviders(), startProviders()]);
  const hosts = [providers, unreachable].map(({ env }) => env.BELFRY_WEBPUSH_ALLOWED_HOSTS).join(',');
  belfry = await launchBelfry({ env: { ...providers.env, ...SETTINGS, BELFRY_WEBPUSH_ALLOWED_HOSTS: hosts } });
  const [webpush, fcm] = await Promise.all([start('webpush', WEBPUSH_CASES), start('fcm', FCM_CASES)]);
  runs = { webpush, fcm };
}, 300_000);

afterAll(async () => {
  await belfry?.stop();
  await Promise.all([providers?.stop(), unreachable?.stop()]);
});

/** The state right after the first attempt. */
const STATE_AFTER = {
  delivered: 'delivered',
  gone: 'dead-lettered',
  rejected: 'dead-lettered',
  retry: 'retrying',
  unknown: 'retrying',
} as const;

const timeOf = (iso: string | undefined): number => Date.parse(iso ?? '');

describe.each([
  { channel: 'webpush', cases: WEBPUSH_CASES },
  { channel: 'fcm', cases: FCM_CASES },
] as const)('what becomes of an answer: $channel', ({ channel, cases }) => {
  let run: OutcomeRun;
  let begun: Started['begun'];

  beforeAll(() => {
    ({ run, begun } = runs[channel]);
  });

  const beginning = async (each: OutcomeCase): Promise<Begun> => {
    const found = await begun.get(each);
    if (found === undefined) throw new Error(`${each.name} was not begun`);
    return found;
  };

  it.each(cases)('$line ($name): $outcome $reason', { timeout: 60_000 }, async (each) => {
    const { id, device, first } = await beginning(each);
    expect(first.attempts[0]).toMatchObject({
      outcome: each.outcome,
      code: each.code ?? expect.any(String),
      reason: each.reason,
    });
    expect(first.status).toBe(STATE_AFTER[each.outcome]);
    expect(await run.devicesLeft(device.user)).toBe(each.outcome === 'gone' ? 0 : 1);
    if (each.waitMs === undefined) {
      expect(first.nextAttemptAt).toBeUndefined();
      expect(run.arrivals(device.target)).toBe(each.outcome === 'delivered' ? 1 : 0);
      return;
    }
    const dueMs = timeOf(first.nextAttemptAt);
    expect(dueMs - timeOf(first.attempts[0]?.at)).toBeGreaterThanOrEqual(each.waitMs);
    if (each.waitMs > WAITED_FOR_MS) return;

    const last = await run.delivery(id, ({ status }) => status === 'delivered');
    expect(last.attempts.map(({ outcome }) => outcome)).toEqual([each.outcome, 'delivered']);
    const times = run.requestTimes(device.target);
    expect(times.at(-1)).toBeGreaterThanOrEqual(dueMs);
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(each.waitMs);
    expect(run.arrivals(device.target)).toBe(each.arrivals ?? 1);
  });

  it('ends as expired at once when Retry-After reaches the deadline', async () => {
    const { user, target } = await run.addDevice(`${channel}-deadline`);
    providers.simulator[channel].script.set(target, [{ kind: 'status', status: 429, retryAfter: 120 }]);
    const id = await run.send(user, { ttlSeconds: 60 });
    const delivery = await run.delivery(id, ({ attempts }) => attempts.length > 0);
    expect(delivery).toMatchObject({
      status: 'expired',
      reason: 'deadline-before-retry',
      attempts: [{ outcome: 'retry' }],
    });
    expect(delivery.nextAttemptAt).toBeUndefined();
    expect(run.requestTimes(target)).toHaveLength(1);
  });

  it('is in the dead letters with every attempt when the last fails, and arrives once when it is redriven', async () => {
    const attempts = channel === 'webpush' ? 3 : 2;
    const { user, target } = await run.addDevice(`${channel}-spent`);
    const step = channel === 'webpush' ? { status: 502 } : { status: 429, retryAfter: 1 };
    providers.simulator[channel].script.set(target, [{ kind: 'status', ...step, times: attempts }]);
    const id = await run.send(user);
    await run.delivery(id, ({ status }) => status === 'dead-lettered');
    type Letters = {
      items: { id: string; notificationId: string; recipient: string; reason: string; attempts: object[] }[];
    };
    const { body } = await run.api.get<Letters>(`/v1/dead-letters?channel=${channel}&limit=200`);
    const letter = body.items.find((item) => item.notificationId === id);
    const made =
      channel === 'webpush'
        ? { code: '502', reason: 'provider-error' }
        : { code: 'QUOTA_EXCEEDED', reason: 'throttled' };
    expect(letter).toMatchObject({ recipient: user, reason: `retries-exhausted:${made.reason}` });
    expect(letter?.attempts).toMatchObject(
      Array.from({ length: attempts }, (_, index) => ({ number: index + 1, outcome: 'retry', ...made })),
    );
    expect(run.arrivals(target)).toBe(0);

    const redrive = () => run.api.post('/v1/dead-letters/redrive', { ids: [letter?.id] });
    const answers = await Promise.all([redrive(), redrive()]);
    expect(answers.map((answer) => answer.body.redriven).toSorted()).toEqual([0, 1]);
    const last = await run.delivery(id, ({ status }) => status === 'delivered');
    expect(last.attempts).toHaveLength(attempts + 1);
    expect(run.arrivals(target)).toBe(1);
    expect(run.requestTimes(target)).toHaveLength(attempts + 1);
  }, 60_000);
});

describe('what becomes of a provider that cannot be reached', () => {
  it('is tried again by the schedule: Web Push', async () => {
    const run = await startOutcomeRun(belfry.url, unreachable, 'webpush');
    const { user, target } = await run.addDevice('webpush-unreachable');
    await unreachable.simulator.stop();
    const id = await run.send(user);
    const { attempts, status, nextAttemptAt } = await run.delivery(id, (delivery) => delivery.attempts.length > 0);
    expect(attempts).toMatchObject([{ outcome: 'retry', code: 'ECONNREFUSED', reason: 'connect-failed' }]);
    expect(status).toBe('retrying');
    expect(timeOf(nextAttemptAt) - timeOf(attempts[0]?.at)).toBeGreaterThanOrEqual(WEBPUSH_WAIT_MS);
    expect(await run.devicesLeft(user)).toBe(1);
    expect(run.requestTimes(target)).toEqual([]);
  });

  // The last one that sends anything: there is one FCM for all.
  it('is not tried again for 10 s: FCM', async () => {
    const { run } = runs.fcm;
    const { user, target } = await run.addDevice('fcm-unreachable');
    await run.goWell();
    await providers.simulator.stop();
    const id = await run.send(user);
    const { attempts, status, nextAttemptAt } = await run.delivery(id, (delivery) => delivery.attempts.length > 0);
    expect(attempts).toMatchObject([{ outcome: 'retry', code: 'ECONNREFUSED', reason: 'not-sent' }]);
    expect(status).toBe('retrying');
    expect(timeOf(nextAttemptAt) - timeOf(attempts[0]?.at)).toBeGreaterThanOrEqual(10_000);
    expect(await run.devicesLeft(user)).toBe(1);
    expect(run.requestTimes(target)).toEqual([]);
  });
});

/** Lines that nothing outside the process can bring about, with what holds them instead. */
const NOT_FROM_OUTSIDE: readonly string[] = [
  // HTTP/2 as the simulator speaks it has no such status: the tests of channel-webpush.
  'any other',
  // Stopped before the request: not an attempt, and in no ledger.
  'none: not-started',
  // Needs a Google that refuses our credentials: the tests of channel-fcm.
  'none: no-access-token',
];

it.each([
  ['Web Push', [...WEBPUSH_CASES.map(({ line }) => line), 'none, nothing was sent']],
  ['FCM', [...FCM_CASES.map(({ line }) => line), 'none: not-connected']],
])('every line of the outcome table of %s is held by a case here', (heading, held) => {
  const lines = documentedAnswers(heading);
  expect(lines.length).toBeGreaterThan(10);
  expect(lines.filter((line) => !held.includes(line) && !NOT_FROM_OUTSIDE.includes(line))).toEqual([]);
  expect(held.filter((line) => !lines.includes(line))).toEqual([]);
});
