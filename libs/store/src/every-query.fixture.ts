import { deliveryId } from '@belfry/core/delivery';
import type { Settlement } from '@belfry/core/store/gate';
import type { QueryContext } from './query-context.ts';
import { storeMethods } from './store-methods.ts';

/** The time at which a context for `runEveryQuery` stands. */
export const NOW_MS = Date.UTC(2026, 0, 1);
const TENANT = 'acme';
const ANN = { tenant: TENANT, user: 'ann' };

function notification(id: string, expiresAtMs = NOW_MS + 86_400_000) {
  return {
    tenant: TENANT,
    id,
    audience: { kind: 'users', users: ['ann'] },
    type: 'test',
    title: 'Title',
    priority: 'normal',
    acceptedAtMs: NOW_MS,
    collapseKey: 'key',
    expiresAtMs,
  } as const;
}

function refOf(id: string, redrive = 0) {
  const device = 'd1';
  return {
    tenant: TENANT,
    deliveryId: deliveryId(TENANT, id, 'ann', 'webpush', device),
    notificationId: id,
    recipient: 'ann',
    channel: 'webpush',
    deviceId: device,
    lane: 'transactional',
    attempt: 1,
    redrive,
  } as const;
}

function settlement(id: string, next: Settlement['next'], redrive = 0): Settlement {
  const ref = refOf(id, redrive);
  const attempt = {
    number: 1,
    atMs: NOW_MS,
    durationMs: 1,
    outcome: 'retry',
    code: '',
    reason: '',
    host: '',
  } as const;
  return { ref, attempt, next, reason: '', removeDevice: { deviceId: 'gone', version: 1 } };
}

/** Takes every path that has a statement of its own, so that every statement of the store is sent at least once. */
export async function runEveryQuery(context: QueryContext): Promise<void> {
  const m = storeMethods;
  const endpoint = 'https://push.example/d1';
  const address = { channel: 'webpush', address: { endpoint, p256dh: '', auth: '', keyId: '' } } as const;
  await m.registerDevice(context, ANN, 'd1', address);
  await m.registerDevice(context, ANN, 'd1', address);
  await m.listDevices(context, ANN);
  await m.writePreferences(context, ANN, { channels: {}, types: {} });
  await m.readPreferences(context, ANN);
  await m.subscribeTopic(context, TENANT, 'news', ['ann', 'bob']);
  await m.unsubscribeTopic(context, TENANT, 'news', 'bob');
  for (const audience of [{ kind: 'topic', topic: 'news' }, { kind: 'everyone' }] as const) {
    await m.expandAudience(context, TENANT, audience, undefined, 10);
  }
  const ids = ['n1', 'n2', 'n3', 'n4', 'n5'];
  const accepted = { notification: notification('n1'), bodyHash: '', takeOver: true };
  await m.beginAccept(context, [accepted]);
  await m.beginAccept(context, [accepted]);
  await m.markAccepted(context, [{ tenant: TENANT, id: 'n1' }]);
  const entries = ids.map((id) => ({ notification: notification(id), recipient: 'ann' }));
  await m.route(context, entries);
  await m.route(context, entries);
  await m.readGate(
    context,
    ids.map((id) => refOf(id)),
  );
  const dead = { kind: 'dead-letter', reason: '', fingerprint: '' } as const;
  await m.settle(context, [
    settlement('n1', { kind: 'retry', dueInMs: 0 }),
    settlement('n2', { kind: 'park', dueInMs: 0 }),
    settlement('n3', dead),
    settlement('n4', dead),
  ]);
  await m.settle(context, [settlement('n2', { kind: 'end', state: 'delivered' })]);
  await m.removeTimers(context, await m.claimDueTimers(context, 10, 1_000));
  await m.nextTimerInMs(context);
  const redrive = { tenant: TENANT, dryRun: false, ratePerSecond: 1, taskId: 't', requestedBy: 'key' } as const;
  await m.redrive(context, { ...redrive, selection: { kind: 'filter', filter: { fingerprint: '' } } });
  await m.settle(context, [settlement('n3', { kind: 'retry', dueInMs: 0 }, 1)]);
  await m.listDeadLetters(context, TENANT, {}, undefined, 1);
  await m.listDeadLetters(context, TENANT, {}, `${refOf('n3').deliveryId}.0`, 1);
  await m.listDeadLetters(context, TENANT, { fingerprint: '' }, undefined, 1);
  await m.groupDeadLetters(context, TENANT);
  await m.putUnreadableJobs(context, [
    {
      id: 'u',
      tenant: TENANT,
      logTopic: 'jobs',
      partition: 0,
      offset: '0',
      reason: '',
      raw: new Uint8Array(),
      sha256: '',
    },
  ]);
  await m.listUnreadableJobs(context, undefined, 1);
  await m.listUnreadableJobs(context, 'u', 1);
  await m.epoch(context);
  await m.heads(context, [ANN]);
  await m.readStream(context, ANN, 0, 10);
  await m.readInbox(context, ANN, undefined, 10);
  const marks = [{ ...ANN, notificationIds: ['n1', 'n4'] }];
  await m.markSent(context, marks);
  await m.acknowledge(context, marks);
  await m.markRead(context, marks);
  await m.markAllRead(context, ANN);
  await m.readNotification(context, TENANT, 'n1', undefined, 10);
  await m.route(context, [{ notification: notification('n6'), recipient: 'ann' }]);
  await m.cancelNotification(context, TENANT, 'n6');
  const claim = { tenant: TENANT, key: 'key', bodyHash: '', seed: '' };
  await m.claimIdempotencyKeys(context, [claim, claim]);
  await m.claimIdempotencyKeys({ ...context, nowMs: NOW_MS + 11_000 }, [claim]);
  await m.completeIdempotencyKeys(context, [{ tenant: TENANT, key: 'key', response: { status: 200, body: '' } }]);
  await m.releaseIdempotencyKey(context, TENANT, 'key');
  await m.setApiKeys(context, [{ id: 'k', tenant: TENANT, secretHash: '', scopes: [], expiresAtMs: undefined }]);
  await m.findApiKey(context, 'k');
  await m.createTicket(context, 'hash', { ...ANN, expiresAtMs: 0 });
  await m.consumeTicket(context, 'hash');
  await m.removeDevice(context, ANN, 'd1');
  await m.figures(context);
  const later = { ...context, nowMs: NOW_MS + 30 * 86_400_000 };
  for (const id of ['n1', 'n3', 'n5']) await m.cancelNotification(later, TENANT, id);
  while ((await m.expireUnseen(later, 0, 1)).more);
  while (await m.purge(later, { notificationsMs: 0, deadLettersMs: 0 }, 1));
}
