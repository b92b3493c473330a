import { readFileSync } from 'node:fs';
import type { OutcomeCase } from '../outcome-cases.ts';
import { type Api, createApi, type LedgerAnswer } from './api.ts';
import { addFcmDevice, addWebPushDevice, type TestDevice } from './devices.ts';
import type { Providers } from './providers.ts';
import { waitUntil } from './wait-until.ts';

export type PushDelivery = LedgerAnswer['deliveries'][number];

export type OutcomeRun = {
  readonly api: Api;
  addDevice(user: string): Promise<TestDevice>;
  /** Sends over the run's channel alone; returns the notification's id. */
  send(user: string, extra?: Record<string, unknown>): Promise<string>;
  /** The push delivery of the notification, once `wanted` says that it is where it should be. */
  delivery(id: string, wanted: (delivery: PushDelivery) => boolean): Promise<PushDelivery>;
  /** What fails must not look like a broken host, whose breaker would change what follows: two that arrive. */
  goWell(): Promise<void>;
  /** Each case up to its first attempt. */
  beginAll(cases: readonly OutcomeCase[]): Promise<ReadonlyMap<OutcomeCase, Promise<Begun>>>;
  devicesLeft(user: string): Promise<number>;
  /** When the provider dealt with requests for the target: their arrival, save for slow ones. */
  requestTimes(target: string): readonly number[];
  /** How often the device got a message. */
  arrivals(target: string): number;
};

export type Begun = { readonly id: string; readonly device: TestDevice; readonly first: PushDelivery };

/** Longer than a case takes up to its first attempt. */
const CALM_MS = 5_000;

/** Sends to simulated devices of one channel and asks the API what came of it. */
export async function startOutcomeRun(
  url: string,
  providers: Providers,
  channel: 'webpush' | 'fcm',
): Promise<OutcomeRun> {
  const api = createApi(url);
  const provider = providers.simulator[channel];
  const times = new Map<string, number[]>();
  provider.recorder.listen(({ target, atMs }) => times.set(target, [...(times.get(target) ?? []), atMs]));

  const addDevice = (user: string) =>
    channel === 'webpush' ? addWebPushDevice(api, providers, user) : addFcmDevice(api, providers, user);
  const send: OutcomeRun['send'] = async (user, extra = {}) => {
    const request = { to: { users: [user] }, type: 'test', title: `For ${user}`, channels: [channel], ...extra };
    const { status, body } = await api.post<{ id: string }>('/v1/notifications', request);
    if (status !== 202) throw new Error(`${user}: ${status} ${JSON.stringify(body)}`);
    return body.id;
  };
  const delivery: OutcomeRun['delivery'] = async (id, wanted) => {
    let last: PushDelivery | undefined;
    return waitUntil(
      async () => {
        [last] = (await api.get<LedgerAnswer>(`/v1/notifications/${id}`)).body.deliveries;
        return last !== undefined && wanted(last) ? last : undefined;
      },
      { timeoutMs: 45_000 },
    ).catch((error: unknown) => {
      throw new Error(`${id} got no further than ${JSON.stringify(last)}`, { cause: error });
    });
  };
  const begin = async ({ name, steps }: OutcomeCase): Promise<Begun> => {
    const user = `${channel}-${name.replaceAll(/[^\w-]+/g, '-')}`;
    const device = await addDevice(user);
    provider.script.set(device.target, steps());
    const id = await send(user);
    return { id, device, first: await delivery(id, ({ attempts }) => attempts.length > 0) };
  };
  const well = `${channel}-well`;
  await addDevice(well);
  const goWell: OutcomeRun['goWell'] = async () => {
    for (let count = 0; count < 2; count++) {
      await delivery(await send(well), ({ status }) => status === 'delivered');
    }
  };
  const beginAll: OutcomeRun['beginAll'] = async (cases) => {
    const begun = new Map<OutcomeCase, Promise<Begun>>();
    // A connection that breaks takes every request with it, so these come one by one, before any that hangs, and while none of them is about to be tried again.
    let waiting: readonly Begun[] = [];
    for (const each of cases.filter(breaksConnection)) {
      const soon = waiting.filter(({ first }) => Date.parse(first.nextAttemptAt ?? '') < Date.now() + CALM_MS);
      await Promise.all(soon.map(({ id }) => delivery(id, ({ status }) => status === 'delivered')));
      const broken = begin(each);
      begun.set(each, broken);
      waiting = [...waiting.filter((other) => !soon.includes(other)), await broken];
      await goWell();
    }
    for (const each of cases.filter(hangs)) begun.set(each, begin(each));
    for (const each of cases) {
      if (begun.has(each)) continue;
      begun.set(each, begin(each));
      await begun.get(each);
      await goWell();
    }
    return begun;
  };

  return {
    api,
    addDevice,
    send,
    delivery,
    goWell,
    beginAll,
    devicesLeft: async (user) => {
      const { body } = await api.get<{ items: { status: string }[] }>(`/v1/users/${user}/devices`);
      return body.items.filter(({ status }) => status === 'active').length;
    },
    requestTimes: (target) => times.get(target) ?? [],
    arrivals: (target) => provider.recorder.received(target).length,
  };
}

function breaksConnection({ steps }: OutcomeCase): boolean {
  return steps().some(({ kind }) => ['reset-before', 'reset-after', 'half-close', 'goaway'].includes(kind));
}

function hangs({ steps }: OutcomeCase): boolean {
  return steps().some(({ kind }) => kind === 'hang');
}

/** The first column of the outcome table of a channel, as docs/channels.md prints it. */
export function documentedAnswers(heading: string): string[] {
  const page = readFileSync(new URL('../../docs/channels.md', import.meta.url), 'utf8');
  const section = page.split(`## ${heading}\n`)[1] ?? '';
  const table =
    section
      .split('\n\n')
      .find((block) => block.startsWith('| answer'))
      ?.trim() ?? '';
  return table
    .split('\n')
    .slice(2)
    .map((row) => row.split(' | ')[0]?.replace(/^\| /, '') ?? '');
}
