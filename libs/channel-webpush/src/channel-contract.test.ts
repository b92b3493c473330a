import type { Device } from '@belfry/core/device';
import { certificateAuthorityPem, createProviderSimulator, type ScriptStep } from '@belfry/provider-simulator';
import { type ChannelUnderTest, describeChannel, type ProviderBehaviour } from '@belfry/testing/channel-contract';
import { createRealClock } from '@belfry/testing/real-clock';
import { generateVapidKey } from './vapid-keys.ts';
import { createWebPushChannel } from './webpush-channel.ts';

const STEPS: Readonly<Record<ProviderBehaviour, ScriptStep>> = {
  hang: { kind: 'hang' },
  'reset-after-accepting': { kind: 'reset-after' },
  throttle: { kind: 'status', status: 429, retryAfter: 5 },
  fail: { kind: 'status', status: 503 },
  gone: { kind: 'status', status: 410 },
};

async function create(protocols: readonly ('h2' | 'http/1.1')[]): Promise<ChannelUnderTest> {
  const clock = createRealClock();
  const key = generateVapidKey();
  const simulator = createProviderSimulator({ clock, protocols });
  await simulator.start();
  const channel = createWebPushChannel({
    vapidKeys: [key],
    subject: 'mailto:ops@example.com',
    allowedHosts: [simulator.origin().slice('https://'.length), '127.0.0.1:1'],
    ca: certificateAuthorityPem(),
    clock,
    timeouts: { attemptMs: 1_500 },
  });
  let devices = 0;

  async function save(move: (endpoint: string) => string): Promise<Device> {
    devices += 1;
    const subscription = simulator.webpush.subscribe(key.publicKey);
    const valid = await channel.validateDevice({ ...subscription, endpoint: move(subscription.endpoint) });
    if (!valid.ok) throw new Error(`${valid.field} ${valid.detail}`);
    return { tenant: 'acme', id: `d${devices}`, user: 'alice', createdAtMs: 0, version: 1, ...valid.address };
  }
  const targetOf = (device: Device): string =>
    device.channel === 'webpush' ? simulator.webpush.targetOf(device.address.endpoint) : '';

  return {
    channel,
    device: () => save((endpoint) => endpoint),
    unreachableDevice: () => save((endpoint) => endpoint.replace(simulator.origin(), 'https://127.0.0.1:1')),
    next: (device, behaviour) => simulator.webpush.script.set(targetOf(device), [STEPS[behaviour]]),
    accepted: (device) => simulator.webpush.recorder.received(targetOf(device)).length,
    requests: () => simulator.webpush.recorder.counters().requests,
    close: () => simulator.stop(),
  };
}

describeChannel('web push over HTTP/2', () => create(['h2']));
describeChannel('web push over HTTP/1.1', () => create(['http/1.1']));
