import type { Clock } from '@belfry/core/clock';
import type { PushChannel } from '@belfry/core/notification';
import type { ApiAnswer, ApiClient } from './api-client.ts';
import { type Behaviour, scriptOf } from './behaviours.ts';
import { type ReceivedPush, readReceived } from './received-push.ts';

/** The simulator's control API, in this process or behind a URL. */
export type SimulatorControl = {
  control(request: {
    readonly method: string;
    readonly path: string;
    readonly query: URLSearchParams;
    readonly body: unknown;
  }): SimulatorAnswer | Promise<SimulatorAnswer>;
};

export type SimulatorAnswer = { readonly status: number; readonly body?: unknown };

export type SimulatedDevice = {
  /** Of the device in Belfry. */
  readonly id: string;
  readonly user: string;
  readonly channel: PushChannel;
  readonly behaviour: Behaviour;
  readonly addedAt: string;
};

export type SimulatedDeviceView = SimulatedDevice & {
  /** Newest first. */
  readonly received: readonly ReceivedPush[];
};

export type AddResult =
  | { readonly ok: true; readonly device: SimulatedDevice }
  /** The API's own answer, to be passed on. */
  | { readonly ok: false; readonly answer: ApiAnswer };

export type SimulatedDevices = {
  add(user: string, channel: PushChannel, behaviour: Behaviour): Promise<AddResult>;
  /** False: there is no such device. */
  setBehaviour(id: string, behaviour: Behaviour): Promise<boolean>;
  /** The device is uninstalled: gone from Belfry and from the simulator. False: there is no such device. */
  remove(id: string): Promise<boolean>;
  list(user: string): Promise<readonly SimulatedDeviceView[]>;
};

export type SimulatedDevicesOptions = {
  readonly simulator: SimulatorControl;
  readonly api: ApiClient;
  readonly clock: Clock;
};

/** Remembered; the oldest is forgotten beyond that, its device in Belfry stays. */
const DEVICES_MAX = 500;
const RECEIVED_SHOWN = 20;

type Entry = SimulatedDevice & { readonly target: string };

/** Simulated devices that the page made since the start, with what each of them received. */
export function createSimulatedDevices({ simulator, api, clock }: SimulatedDevicesOptions): SimulatedDevices {
  const entries = new Map<string, Entry>();

  const control = async (
    method: string,
    path: string,
    body?: unknown,
    query: Record<string, string> = {},
  ): Promise<unknown> => {
    const answer = await simulator.control({
      method,
      path: `/_simulator/${path}`,
      query: new URLSearchParams(query),
      body,
    });
    if (answer.status >= 300) {
      throw new Error(`the simulator answered ${answer.status} to ${method} ${path}: ${JSON.stringify(answer.body)}`);
    }
    return answer.body;
  };

  const script = async (channel: PushChannel, target: string, behaviour: Behaviour): Promise<void> => {
    await control('PUT', `${channel}/script`, { target, ...scriptOf(behaviour, channel) });
  };

  const makeTarget = async (channel: PushChannel) => {
    if (channel === 'fcm') return (await control('POST', 'fcm/devices', {})) as { target: string; device: unknown };
    const key = JSON.parse((await api({ method: 'GET', path: '/v1/webpush/public-key' })).body) as {
      publicKey: string;
    };
    const made = await control('POST', 'webpush/devices', { applicationServerKey: key.publicKey });
    return made as { target: string; device: unknown };
  };

  return {
    async add(user, channel, behaviour) {
      const { target, device } = await makeTarget(channel);
      await script(channel, target, behaviour);
      const answer = await api({
        method: 'POST',
        path: `/v1/users/${encodeURIComponent(user)}/devices`,
        body: channel === 'fcm' ? { channel, token: target } : { channel, subscription: device },
      });
      if (answer.status !== 201) return { ok: false, answer };
      const { id } = JSON.parse(answer.body) as { id: string };
      const entry = { id, user, channel, behaviour, target, addedAt: new Date(clock.nowMs()).toISOString() };
      entries.set(id, entry);
      const [oldest] = entries.keys();
      if (entries.size > DEVICES_MAX && oldest !== undefined) entries.delete(oldest);
      return { ok: true, device: withoutTarget(entry) };
    },
    async setBehaviour(id, behaviour) {
      const entry = entries.get(id);
      if (entry === undefined) return false;
      await script(entry.channel, entry.target, behaviour);
      entries.set(id, { ...entry, behaviour });
      return true;
    },
    async remove(id) {
      const entry = entries.get(id);
      if (entry === undefined) return false;
      entries.delete(id);
      await control('DELETE', `${entry.channel}/devices`, undefined, { target: entry.target });
      const user = encodeURIComponent(entry.user);
      // 404 where Belfry has removed it already, because the provider said that it is gone.
      await api({ method: 'DELETE', path: `/v1/users/${user}/devices/${encodeURIComponent(id)}` });
      return true;
    },
    list(user) {
      const ofUser = [...entries.values()].filter((entry) => entry.user === user);
      return Promise.all(
        ofUser.map(async (entry) => {
          const query = { target: entry.target, limit: String(RECEIVED_SHOWN) };
          const { items } = (await control('GET', `${entry.channel}/received`, undefined, query)) as {
            items: unknown[];
          };
          return { ...withoutTarget(entry), received: items.map(readReceived).toReversed() };
        }),
      );
    },
  };
}

/** The target is an address, which the page does not need. */
function withoutTarget({ target: _target, ...device }: Entry): SimulatedDevice {
  return device;
}
