import type { DeadLetterRecord, UnreadableJobRecord } from './dead-letter-record.ts';
import type { ClientFrame, ServerFrame } from './frames.ts';
import type { InputRecord } from './input-record.ts';
import type { Receipt } from './receipt.ts';

/** The least that an upstream must write, and everything that it may. The documents show both; tests give them to a router. */
export const INPUT_EXAMPLES = {
  least: { to: { users: ['alice'] }, type: 'order-shipped', title: 'Your order is on its way' },
  full: {
    v: 1,
    id: 'invoice-2026-000184',
    to: { users: ['alice', 'bob'] },
    type: 'invoice-created',
    title: 'Invoice 2026-000184',
    body: 'Due on 30 November.',
    data: { invoice: '2026-000184', total: { amount: 1250.5, currency: 'EUR' } },
    icon: 'https://shop.example/icons/invoice.png',
    url: 'https://shop.example/invoices/2026-000184',
    channels: ['realtime', 'webpush'],
    priority: 'high',
    ttlSeconds: 86_400,
    collapseKey: 'invoice-2026-000184',
  },
  topic: { to: { topic: 'release-notes' }, type: 'release', title: 'Version 2 is out', priority: 'low' },
} as const satisfies Record<string, InputRecord | { readonly to: object }>;

const FACTS = { v: 1, atMs: 1_795_219_200_412, tenant: 'acme', notificationId: 'invoice-2026-000184' } as const;
const DELIVERY = { deliveryId: 'nVn2yqQOa4K0c1f4Yk3sTw', recipient: 'alice', channel: 'webpush' } as const;

export const RECEIPT_EXAMPLES = {
  accepted: { ...FACTS, state: 'accepted' },
  retrying: {
    ...FACTS,
    ...DELIVERY,
    state: 'retrying',
    attempt: 1,
    outcome: 'retry',
    code: '503',
    reason: 'provider-error',
    dueInMs: 5_230,
  },
  delivered: { ...FACTS, ...DELIVERY, state: 'delivered', attempt: 2, outcome: 'delivered', code: '201' },
} as const satisfies Record<string, Receipt>;

export const DEAD_LETTER_EXAMPLE: DeadLetterRecord = {
  v: 1,
  kind: 'dead-letter',
  id: '01JD6Q2V6R3T2B8N5W4Y7Z9X0C',
  tenant: 'acme',
  ...DELIVERY,
  notificationId: 'invoice-2026-000184',
  device: 'd-7f3a',
  reason: 'bad-request',
  fingerprint: 'a1b2c3d4e5f6',
  state: 'open',
  redrive: 0,
  createdAtMs: 1_795_219_201_100,
  origin: { kind: 'input-topic', logTopic: 'acme-events', partition: 3, offset: '184467' },
  attempts: [
    {
      number: 1,
      redrive: 0,
      atMs: 1_795_219_201_050,
      durationMs: 42,
      outcome: 'rejected',
      code: '400',
      reason: 'bad-request',
      host: 'push.example',
    },
  ],
};

export const UNREADABLE_EXAMPLE: UnreadableJobRecord = {
  v: 1,
  kind: 'unreadable-job',
  atMs: 1_795_219_200_412,
  id: 'Zk1yQ2m0cS5nV8pB3xW7dA',
  tenant: 'acme',
  logTopic: 'orders-events',
  partition: 3,
  offset: '18446',
  reason: 'invalid: /title Invalid input: expected string, received undefined',
  sha256: '4bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a',
};

export const SERVER_FRAME_EXAMPLES = {
  hello: {
    type: 'hello',
    cursor: 'k3v9:17',
    recovered: true,
    tenant: 'default',
    user: 'alice',
    heartbeatMs: 25_000,
  },
  notification: {
    type: 'notification',
    cursor: 'k3v9:18',
    notification: {
      id: 'invoice-2026-000184',
      type: 'invoice-created',
      title: 'Invoice 2026-000184',
      priority: 'high',
      acceptedAt: '2026-11-21T00:00:00.412Z',
      expiresAt: '2026-11-22T00:00:00.412Z',
    },
  },
  goodbye: { type: 'goodbye', reconnectAfterMs: 12_000 },
} as const satisfies Record<string, ServerFrame>;

export const CLIENT_FRAME_EXAMPLES = {
  ack: { type: 'ack', ids: ['invoice-2026-000184'] },
  read: { type: 'read', ids: ['invoice-2026-000184'] },
} as const satisfies Record<string, ClientFrame | { readonly ids: readonly string[] }>;
