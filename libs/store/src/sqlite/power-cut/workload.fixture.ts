import { type DeliveryRef, deliveryId } from '@belfry/core/delivery';
import type { Notification } from '@belfry/core/notification';
import type { Settlement, SettlementNext } from '@belfry/core/store/gate';
import type { RecipientKey } from '@belfry/core/store/routing';

/** A line for each thing that the store has answered for. */
export type Ack =
  | { readonly kind: 'epoch'; readonly epoch: string }
  | { readonly kind: 'accepted'; readonly serial: number }
  | { readonly kind: 'routed'; readonly serial: number; readonly offset: number }
  | { readonly kind: 'settled'; readonly serial: number; readonly attempts: number }
  | { readonly kind: 'acknowledged'; readonly serial: number };

export const TENANT = 'acme';
const CROWD = 3;
const DAY_MS = 86_400_000;
/** What a timer waits that no round reaches, and that a look at the image is later than. */
export const LONG_WAIT_MS = DAY_MS / 2;
export const LOOK_LATER_MS = LONG_WAIT_MS + DAY_MS / 4;

/** What becomes of the Web Push delivery of a notification, in turn. */
const FATES = ['delivered', 'waits', 'dead', 'retried', 'gone', 'queued'] as const;
export type Fate = (typeof FATES)[number];

export function fateOf(serial: number): Fate {
  return FATES[serial % FATES.length] as Fate;
}

/** Has the notification to itself, with a device over each push channel. */
export function userOf(serial: number): RecipientKey {
  return { tenant: TENANT, user: `user-${serial}` };
}

/** Has every third notification, and no device. */
export function crowdOf(serial: number): RecipientKey {
  return { tenant: TENANT, user: `crowd-${serial % CROWD}` };
}

export function notificationOf(serial: number, nowMs: number): Notification {
  return {
    tenant: TENANT,
    id: idOf(serial),
    audience: { kind: 'users', users: [userOf(serial).user, crowdOf(serial).user] },
    type: 'power-cut',
    title: `Notification ${serial}`,
    priority: 'normal',
    acceptedAtMs: nowMs,
    expiresAtMs: nowMs + 2 * DAY_MS,
  };
}

export function idOf(serial: number): string {
  return `n-${serial}`;
}

export function keyOf(serial: number) {
  const seed = serial.toString(16).padStart(32, '0');
  return { tenant: TENANT, key: `POST /v1/notifications ${serial}`, bodyHash: `hash of ${serial}`, seed };
}

export function responseOf(serial: number) {
  return { status: 202, body: `{"id":"${idOf(serial)}"}` };
}

/** With Web Push; every one that dies is another. */
export function deviceOf(serial: number): string {
  return `device-${serial}`;
}

/** An attempt of the Web Push delivery. */
export function refOf(serial: number, attempt = 1): DeliveryRef {
  const { user } = userOf(serial);
  const device = deviceOf(serial);
  return {
    tenant: TENANT,
    deliveryId: deliveryId(TENANT, idOf(serial), user, 'webpush', device),
    notificationId: idOf(serial),
    recipient: user,
    channel: 'webpush',
    deviceId: device,
    lane: 'transactional',
    attempt,
    redrive: 0,
  };
}

/** The settlement of each attempt of the Web Push delivery, in order. */
export function settlementsOf(serial: number, nowMs: number): readonly Settlement[] {
  const settle = (next: SettlementNext, number = 1): Settlement => {
    const outcome = next.kind === 'end' ? 'delivered' : next.kind === 'retry' ? 'retry' : 'rejected';
    const attempt = {
      number,
      atMs: nowMs,
      durationMs: 7,
      outcome,
      code: '',
      reason: '',
      host: 'push.example',
    } as const;
    return { ref: refOf(serial, number), attempt, next, reason: next.kind };
  };
  const dead: SettlementNext = { kind: 'dead-letter', reason: 'payload-too-large', fingerprint: 'f' };
  switch (fateOf(serial)) {
    case 'delivered':
      return [settle({ kind: 'end', state: 'delivered' })];
    case 'waits':
      return [settle({ kind: 'retry', dueInMs: LONG_WAIT_MS })];
    case 'dead':
      return [settle(dead)];
    case 'retried':
      return [settle({ kind: 'retry', dueInMs: 0 }), settle({ kind: 'end', state: 'delivered' }, 2)];
    case 'gone':
      return [{ ...settle(dead), removeDevice: { deviceId: deviceOf(serial), version: 1 } }];
    case 'queued':
      return [];
  }
}

export function ackLine(ack: Ack): string {
  return `${JSON.stringify(ack)}\n`;
}
