import { createECDH } from 'node:crypto';
import { PUSH_CHANNELS } from '@belfry/core/notification';
import { createProviderSimulator } from '@belfry/provider-simulator';
import { createFakeClock } from '@belfry/testing/fake-clock';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ApiRequest } from './api-client.ts';
import { BEHAVIOURS } from './behaviours.ts';
import { createSimulatedDevices } from './simulated-devices.ts';

const PUBLIC_KEY = createECDH('prime256v1').generateKeys().toString('base64url');

const clock = createFakeClock();
const simulator = createProviderSimulator({ clock });
const asked: ApiRequest[] = [];
let registration = 201;

const devices = createSimulatedDevices({
  simulator,
  clock,
  api: async (request) => {
    asked.push(request);
    const isRegistration = request.method === 'POST';
    const body = isRegistration
      ? registration === 201
        ? { id: `d${asked.length}` }
        : { code: 'too_many_devices' }
      : { publicKey: PUBLIC_KEY };
    return {
      status: isRegistration ? registration : 200,
      contentType: 'application/json',
      retryAfter: undefined,
      body: JSON.stringify(body),
    };
  },
});

beforeEach(async () => {
  await simulator.start();
  asked.length = 0;
  registration = 201;
  return () => simulator.stop();
});

const cases = PUSH_CHANNELS.flatMap((channel) => BEHAVIOURS.map((behaviour) => ({ channel, behaviour })));

describe('simulated devices', () => {
  it.each(cases)('$channel that $behaviour', async ({ channel, behaviour }) => {
    const user = `ann ${channel} ${behaviour}`;
    const added = await devices.add(user, channel, behaviour);
    if (!added.ok) throw new Error('not added');
    expect(added.device).toMatchObject({ user, channel, behaviour });
    expect(await devices.list(user)).toEqual([{ ...added.device, received: [] }]);

    const body = asked.at(-1)?.body as { token?: string; subscription?: { endpoint: string } };
    const target = simulator[channel].targetOf(body.token ?? body.subscription?.endpoint ?? '');
    const next = () => {
      const action = simulator[channel].script.next(target);
      return action.kind === 'status' ? action.status : action.kind;
    };
    const gone = channel === 'fcm' ? 404 : 410;
    expect([next(), next(), next(), next()]).toEqual(
      {
        works: ['accept', 'accept', 'accept', 'accept'],
        'fails-twice': [503, 503, 'accept', 'accept'],
        'always-fails': [500, 500, 500, 500],
        gone: [gone, gone, gone, gone],
        hangs: ['hang', 'hang', 'hang', 'hang'],
        throttled: [429, 'accept', 'accept', 'accept'],
      }[behaviour],
    );
    expect(await devices.setBehaviour(added.device.id, 'works')).toBe(true);
    expect(next()).toBe('accept');
  });

  it('are gone from both sides when they are removed', async () => {
    const added = await devices.add('bob', 'webpush', 'works');
    const id = added.ok ? added.device.id : '';
    expect(await devices.remove(id)).toBe(true);
    expect(asked.at(-1)).toEqual({ method: 'DELETE', path: `/v1/users/bob/devices/${id}` });
    expect(await devices.list('bob')).toEqual([]);
    expect(await devices.remove(id)).toBe(false);
    expect(await devices.setBehaviour(id, 'works')).toBe(false);
  });

  it("pass on the API's refusal", async () => {
    registration = 409;
    const added = await devices.add('cay', 'fcm', 'works');
    expect(added).toMatchObject({ ok: false, answer: { status: 409, body: '{"code":"too_many_devices"}' } });
    expect(await devices.list('cay')).toEqual([]);
  });
});
