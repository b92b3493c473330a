import { describe, expect, it } from 'vitest';
import type { DeliveryRef } from './delivery.ts';
import { passGate } from './gate.ts';
import type { GateEntry } from './store/gate.ts';

const now = 1_000_000;
const ref: DeliveryRef = {
  tenant: 'default',
  deliveryId: 'd',
  notificationId: 'n',
  recipient: 'alice',
  channel: 'webpush',
  deviceId: 'device',
  lane: 'transactional',
  attempt: 1,
  redrive: 0,
};
const entry: GateEntry = {
  state: 'queued',
  attempt: 1,
  redrive: 0,
  dueInMs: undefined,
  notification: {
    tenant: 'default',
    id: 'n',
    audience: { kind: 'users', users: ['alice'] },
    type: 'test',
    title: 'Test',
    priority: 'normal',
    acceptedAtMs: now - 1,
    expiresAtMs: now + 10,
  },
  device: {
    tenant: 'default',
    id: 'device',
    user: 'alice',
    createdAtMs: 0,
    version: 1,
    channel: 'webpush',
    address: { endpoint: 'https://push.example/x', p256dh: '', auth: '', keyId: 'k' },
  },
  cancelled: false,
  acknowledged: false,
  superseded: false,
  earlierDueInMs: undefined,
};
const second = { ...ref, attempt: 2 };

describe('passGate', () => {
  it('lets a fresh delivery through with the time that is left', () => {
    expect(passGate(ref, entry, now)).toMatchObject({ kind: 'send', remainingMs: 10 });
  });

  it.each([
    ['a delivery that the store does not know', ref, undefined, { kind: 'drop', reason: 'unknown-delivery' }],
    ['one that has ended', ref, { ...entry, state: 'delivered' }, { kind: 'drop', reason: 'settled' }],
    ['a record of an attempt that was made', ref, { ...entry, attempt: 2 }, { kind: 'drop', reason: 'outdated' }],
    ['a record from before a redrive', ref, { ...entry, redrive: 1 }, { kind: 'drop', reason: 'outdated' }],
    [
      'a repeat while the delivery waits',
      ref,
      { ...entry, state: 'retrying', dueInMs: 1 },
      { kind: 'drop', reason: 'early' },
    ],
    ['a cancelled one', ref, { ...entry, cancelled: true }, { kind: 'end', state: 'cancelled' }],
    ['an older one of its collapse key', ref, { ...entry, superseded: true }, { kind: 'end', state: 'superseded' }],
    [
      'one at its deadline',
      ref,
      { ...entry, notification: { ...entry.notification, expiresAtMs: now } },
      { kind: 'end', state: 'expired' },
    ],
    [
      'one whose device is gone',
      ref,
      { ...entry, device: undefined },
      { kind: 'dead-letter', reason: 'device-removed' },
    ],
    [
      'a retry of an acknowledged one',
      second,
      { ...entry, attempt: 2, acknowledged: true },
      { kind: 'end', state: 'acknowledged' },
    ],
    [
      'a redrive of an acknowledged one',
      { ...ref, redrive: 1 },
      { ...entry, redrive: 1, acknowledged: true },
      { kind: 'end', state: 'acknowledged' },
    ],
    ['a first attempt of an acknowledged one', ref, { ...entry, acknowledged: true }, { kind: 'send' }],
    [
      'one behind an earlier one that is parked',
      ref,
      { ...entry, earlierDueInMs: 700 },
      { kind: 'park', dueInMs: 710 },
    ],
    ['one behind an earlier one on its way', ref, { ...entry, earlierDueInMs: 0 }, { kind: 'park', dueInMs: 100 }],
    ['a cancelled one behind an earlier one', ref, { ...entry, earlierDueInMs: 700, cancelled: true }, { kind: 'end' }],
    ['a retry while an earlier one is parked', second, { ...entry, attempt: 2, earlierDueInMs: 700 }, { kind: 'send' }],
    [
      'a redrive while an earlier one is parked',
      { ...ref, redrive: 1 },
      { ...entry, redrive: 1, earlierDueInMs: 700 },
      { kind: 'send' },
    ],
    ['a retry that is due', second, { ...entry, attempt: 2, state: 'retrying', dueInMs: 0 }, { kind: 'send' }],
  ] as const)('%s', (_name, asked, found, expected) => {
    expect(passGate(asked, found as GateEntry | undefined, now)).toMatchObject(expected);
  });
});
