import type { Device } from '@belfry/core/device';
import {
  certificateAuthorityPem,
  createProviderSimulator,
  fcmErrorStep,
  type ScriptStep,
} from '@belfry/provider-simulator';
import { type ChannelUnderTest, describeChannel, type ProviderBehaviour } from '@belfry/testing/channel-contract';
import { realClock } from '@belfry/testing/real-clock';
import { fixedAccessToken } from './access-tokens.ts';
import { createFcmChannel } from './fcm-channel.ts';

const STEPS: Readonly<Record<ProviderBehaviour, ScriptStep>> = {
  hang: { kind: 'hang' },
  'reset-after-accepting': { kind: 'reset-after' },
  throttle: fcmErrorStep('QUOTA_EXCEEDED', { retryAfter: 5 }),
  fail: fcmErrorStep('UNAVAILABLE'),
  gone: fcmErrorStep('UNREGISTERED'),
};

async function create(protocols: readonly ('h2' | 'http/1.1')[]): Promise<ChannelUnderTest> {
  const simulator = createProviderSimulator({ clock: realClock, protocols });
  await simulator.start();
  const channel = createFcmChannel({
    projectId: 'demo',
    accessTokens: fixedAccessToken('owner'),
    clock: realClock,
    endpoint: simulator.origin(),
    ca: certificateAuthorityPem(),
    transport: { requestTimeoutMs: 1_500 },
  });
  let devices = 0;

  async function device(): Promise<Device> {
    devices += 1;
    const made = simulator.fcm.createTarget({});
    const valid = await channel.validateDevice(made.ok ? made.device : undefined);
    if (!valid.ok) throw new Error(`${valid.field} ${valid.detail}`);
    return { tenant: 'acme', id: `d${devices}`, user: 'alice', createdAtMs: 0, version: 1, ...valid.address };
  }
  const targetOf = (target: Device): string => (target.channel === 'fcm' ? target.address.token : '');

  return {
    channel,
    device,
    // All devices of FCM have one provider, so none is reachable once it is gone.
    async unreachableDevice() {
      await simulator.stop();
      return device();
    },
    next: (target, behaviour) => simulator.fcm.script.set(targetOf(target), [STEPS[behaviour]]),
    accepted: (target) => simulator.fcm.recorder.received(targetOf(target)).length,
    requests: () => simulator.fcm.recorder.counters().requests,
    close: () => simulator.stop(),
  };
}

describeChannel('FCM over HTTP/2', () => create(['h2']));
describeChannel('FCM over HTTP/1.1', () => create(['http/1.1']));
