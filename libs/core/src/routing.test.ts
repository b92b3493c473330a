import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Device } from './device.ts';
import { CHANNELS, type Notification, PRIORITIES } from './notification.ts';
import { NO_PREFERENCES } from './preferences.ts';
import { plan } from './routing.ts';

const notification: Notification = {
  tenant: 'default',
  id: 'n1',
  audience: { kind: 'users', users: ['alice'] },
  type: 'invoice',
  title: 'Invoice',
  priority: 'normal',
  acceptedAtMs: 0,
  expiresAtMs: 1,
};
const device = (id: string, channel: 'webpush' | 'fcm'): Device =>
  ({
    tenant: 'default',
    id,
    user: 'alice',
    createdAtMs: 0,
    version: 1,
    ...(channel === 'fcm'
      ? { channel, address: { token: 't' } }
      : { channel, address: { endpoint: 'https://push.example', p256dh: '', auth: '', keyId: 'k' } }),
  }) as Device;
const devices = [device('laptop', 'webpush'), device('phone', 'fcm'), device('tablet', 'fcm')];

describe('plan', () => {
  it.each([
    ['every channel by default', {}, NO_PREFERENCES, true, ['laptop', 'phone', 'tablet']],
    [
      'only the channels that were asked for',
      { channels: ['fcm'] as const },
      NO_PREFERENCES,
      false,
      ['phone', 'tablet'],
    ],
    ['realtime alone', { channels: ['realtime'] as const }, NO_PREFERENCES, true, []],
    ['a channel switched off', {}, { channels: { fcm: false }, types: {} }, true, ['laptop']],
    [
      'a channel switched off for the type',
      {},
      { channels: {}, types: { invoice: { webpush: false } } },
      true,
      ['phone', 'tablet'],
    ],
    [
      'a type switched on against its channel',
      {},
      { channels: { fcm: false }, types: { invoice: { fcm: true } } },
      true,
      ['laptop', 'phone', 'tablet'],
    ],
    [
      'high priority ignores preferences',
      { priority: 'high' as const },
      { channels: { fcm: false, realtime: false }, types: {} },
      true,
      ['laptop', 'phone', 'tablet'],
    ],
  ])('%s', (_name, change, preferences, realtime, expected) => {
    const planned = plan({ ...notification, ...change } as Notification, 'alice', devices, preferences);
    expect(planned.realtime).toBe(realtime);
    expect(planned.deliveries.map((delivery) => delivery.deviceId)).toEqual(expected);
  });

  const none = { channels: {}, types: {} };
  const laptop = devices.slice(0, 1);
  it.each([
    ['nothing by default, whatever devices there are', {}, [], none, []],
    ['a channel that was named and leads nowhere', { channels: ['webpush'] }, [], none, ['webpush no-device']],
    ['only the one that leads nowhere', { channels: ['webpush', 'fcm'] }, laptop, none, ['fcm no-device']],
    [
      'a channel that is switched off',
      {},
      laptop,
      { channels: { realtime: false, webpush: false }, types: {} },
      ['realtime muted', 'webpush muted'],
    ],
    ['no channel that is switched off and leads nowhere', {}, laptop, { channels: { fcm: false }, types: {} }, []],
    [
      'a named channel that is switched off, whether it leads anywhere or not',
      { channels: ['fcm'] },
      [],
      { channels: { fcm: false }, types: {} },
      ['fcm muted'],
    ],
    [
      'nothing that is too important to be switched off',
      { priority: 'high', channels: ['webpush'] },
      laptop,
      { channels: { webpush: false }, types: {} },
      [],
    ],
  ] as const)('says what it skips: %s', (_name, change, owned, preferences, expected) => {
    const { skipped } = plan({ ...notification, ...change } as Notification, 'alice', owned, preferences);
    expect(skipped.map(({ channel, reason }) => `${channel} ${reason}`)).toEqual(expected);
  });

  it('leaves no recipient without a word about what became of it', () => {
    const channels = fc.option(fc.uniqueArray(fc.constantFrom(...CHANNELS), { minLength: 1 }), { nil: undefined });
    const allowed = fc.dictionary(fc.constantFrom(...CHANNELS), fc.boolean());
    const preferences = fc.record({ channels: allowed, types: fc.dictionary(fc.constant('invoice'), allowed) });
    fc.assert(
      fc.property(
        channels,
        fc.subarray(devices),
        preferences,
        fc.constantFrom(...PRIORITIES),
        (named, owned, off, priority) => {
          const asked = { ...notification, priority, ...(named === undefined ? {} : { channels: named }) };
          const planned = plan(asked, 'alice', owned, off);
          const told = [
            ...(planned.realtime ? ['realtime'] : []),
            ...planned.deliveries.map(({ channel }) => channel),
            ...planned.skipped.map(({ channel }) => channel),
          ];
          expect(told.length).toBeGreaterThan(0);
          for (const channel of named ?? ['realtime']) expect(told).toContain(channel);
        },
      ),
    );
  });

  it('gives the same delivery ids for the same routing, and another for each device', () => {
    const ids = () => plan(notification, 'alice', devices, NO_PREFERENCES).deliveries.map((each) => each.deliveryId);
    expect(ids()).toEqual(ids());
    expect(new Set(ids()).size).toBe(3);
  });

  it('names the push service where a channel has many', () => {
    const planned = plan(notification, 'alice', devices, NO_PREFERENCES);
    expect(planned.deliveries.map((delivery) => delivery.host)).toEqual(['push.example', undefined, undefined]);
  });

  it('puts low priority on the bulk lane', () => {
    const planned = plan({ ...notification, priority: 'low' }, 'alice', devices, NO_PREFERENCES);
    expect(planned.deliveries.every((delivery) => delivery.lane === 'bulk')).toBe(true);
  });
});
