import type { PushChannelAdapter, PushDelivery } from '@belfry/core/channel';
import type { Device } from '@belfry/core/device';
import type { Notification } from '@belfry/core/notification';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

/** What the provider behind the channel does to the next request for a device; without a word it accepts. */
export type ProviderBehaviour = 'hang' | 'reset-after-accepting' | 'throttle' | 'fail' | 'gone';

/** A channel with a provider of its own at the other end of a real socket. */
export type ChannelUnderTest = {
  /** With an attempt deadline of a second or two, so that a hang ends soon. */
  readonly channel: PushChannelAdapter;
  /** A new device that the provider knows. */
  device(): Promise<Device>;
  /** A device whose provider does not take connections. */
  unreachableDevice(): Promise<Device>;
  next(device: Device, behaviour: ProviderBehaviour): void;
  /** Messages that the provider has taken for the device. */
  accepted(device: Device): number;
  /** Requests of any kind that have reached the provider. */
  requests(): number;
  /** The provider's; the channel is closed by the suite. */
  close(): Promise<void>;
};

const NEVER = new AbortController().signal;

/** What every push channel keeps to, whatever its provider. */
export function describeChannel(name: string, create: () => Promise<ChannelUnderTest>): void {
  describe(`channel contract: ${name}`, () => {
    let test: ChannelUnderTest;
    beforeEach(async () => {
      test = await create();
    });
    afterEach(async () => {
      await test.channel.close();
      await test.close();
    });

    const deliver = (device: Device, signal = NEVER, changes: Partial<PushDelivery> = {}) =>
      test.channel.deliver({ ...deliveryTo(device), ...changes }, signal);

    it('delivers once and names the host that it named before', async () => {
      const device = await test.device();
      const result = await deliver(device);
      expect(result.outcome.kind).toBe('delivered');
      expect(result.host).toBe(test.channel.hostOf(device));
      expect(test.accepted(device)).toBe(1);
    });

    it.each([
      { behaviour: 'throttle', kind: 'retry' },
      { behaviour: 'fail', kind: 'retry' },
      { behaviour: 'gone', kind: 'gone' },
      { behaviour: 'reset-after-accepting', kind: 'unknown' },
      { behaviour: 'hang', kind: 'unknown' },
    ] as const)('makes one attempt and no more: $behaviour is $kind', async ({ behaviour, kind }) => {
      const device = await test.device();
      test.next(device, behaviour);
      const before = test.requests();
      const { outcome, host } = await deliver(device);
      expect(outcome.kind).toBe(kind);
      expect(outcome.code).not.toBe('');
      expect(host).toBe(test.channel.hostOf(device));
      expect(test.requests() - before).toBe(1);
      expect((await deliver(device)).outcome.kind).toBe('delivered');
    });

    it('says retry, and sends nothing, when it was aborted before it began', async () => {
      const device = await test.device();
      expect((await deliver(device, AbortSignal.abort())).outcome.kind).toBe('retry');
      expect(test.requests()).toBe(0);
    });

    it('says unknown soon after it is aborted with the request at the provider', async () => {
      const device = await test.device();
      test.next(device, 'hang');
      const stopping = new AbortController();
      const under = deliver(device, stopping.signal);
      await vi.waitFor(() => expect(test.requests()).toBe(1), { timeout: 10_000, interval: 2 });
      stopping.abort();
      expect((await under).outcome.kind).toBe('unknown');
    });

    it('says retry when the provider cannot be reached', async () => {
      expect((await deliver(await test.unreachableDevice())).outcome.kind).toBe('retry');
    });

    it('keeps many attempts at once apart', async () => {
      const devices = await Promise.all(Array.from({ length: 60 }, () => test.device()));
      for (const [index, device] of devices.entries()) if (index % 3 === 0) test.next(device, 'fail');
      const results = await Promise.all(devices.map((device) => deliver(device)));
      for (const [index, device] of devices.entries()) {
        expect(results[index]?.outcome.kind).toBe(index % 3 === 0 ? 'retry' : 'delivered');
        expect(test.accepted(device)).toBe(index % 3 === 0 ? 0 : 1);
      }
    });

    it('takes the largest content that an intake lets through', async () => {
      const device = await test.device();
      const notification = {
        ...notificationOf(),
        title: 'ü'.repeat(1_000),
        body: '😀'.repeat(3_000),
        data: { a: 'x'.repeat(2_000) },
      };
      expect((await deliver(device, NEVER, { notification })).outcome.kind).toBe('delivered');
    });

    it.each([undefined, null, 0, '', 'x', [], {}, { token: 1 }, { endpoint: {} }, { keys: null }])(
      'refuses %j as a device and names the field and the limit',
      async (input) => {
        expect(await test.channel.validateDevice(input)).toEqual({
          ok: false,
          field: expect.stringMatching(/^(\/[^/]+)*$/),
          detail: expect.stringMatching(/\S/),
        });
      },
    );

    it('answers an attempt after close with retry, and may be closed twice', async () => {
      const device = await test.device();
      await test.channel.close();
      expect((await deliver(device)).outcome.kind).toBe('retry');
      await test.channel.close();
      expect(test.accepted(device)).toBe(0);
    });
  });
}

function notificationOf(): Notification {
  return {
    tenant: 'acme',
    id: 'n1',
    audience: { kind: 'users', users: ['alice'] },
    type: 'invoice.ready',
    title: 'Invoice',
    priority: 'normal',
    acceptedAtMs: 0,
    expiresAtMs: 3_600_000,
  };
}

function deliveryTo(device: Device): PushDelivery {
  const notification = notificationOf();
  return {
    deliveryId: `to ${device.id}`,
    recipient: 'alice',
    notification,
    device,
    attempt: 1,
    remainingMs: 3_600_000,
  };
}
