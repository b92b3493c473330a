import type { DeliveryRef } from '@belfry/core/delivery';
import { createInsert } from '../insert-statement.ts';
import type { QueryContext } from '../query-context.ts';
import { createStatement } from '../statement.ts';
import { readAttempts } from './attempts.ts';
import { keyOf, readNotifications } from './notifications.ts';

const NEW_LETTER = {
  tenant: 'text',
  id: 'text',
  delivery_id: 'text',
  notification_id: 'text',
  recipient: 'text',
  channel: 'text',
  device_id: 'text',
  reason: 'text',
  fingerprint: 'text',
  state: 'text',
  redrive: 'integer',
  created_at_ms: 'integer',
  attempts: 'text',
  origin: 'text?',
} as const;

const insertOpen = createInsert('dead_letters', NEW_LETTER, (insert) =>
  insert.onConflict((conflict) => conflict.doNothing()),
);

const setRedriven = createStatement({ input: { tenant: 'text', id: 'text' } }, ({ db }, { input }) =>
  db
    .updateTable('dead_letters')
    .from(input)
    .set({ state: 'redriven' })
    .whereRef('dead_letters.tenant', '=', 'input.tenant')
    .whereRef('dead_letters.id', '=', 'input.id')
    .where('state', '=', 'redriving'),
);

export type DeadDelivery = { readonly ref: DeliveryRef; readonly reason: string; readonly fingerprint: string };

function letterIdOf(deliveryId: string, redrive: number): string {
  return `${deliveryId}.${redrive}`;
}

/** Opens a letter for each, with the history so far: call it after the last attempt was written. */
export async function insertLetters(context: QueryContext, dead: readonly DeadDelivery[]): Promise<void> {
  if (dead.length === 0) return;
  const refs = dead.map(({ ref }) => ref);
  const [attempts, notifications] = await Promise.all([
    readAttempts(context, refs),
    readNotifications(
      context,
      refs.map(({ tenant, notificationId: id }) => ({ tenant, id })),
    ),
  ]);
  const originOf = ({ tenant, notificationId: id }: DeliveryRef) =>
    notifications.get(keyOf({ tenant, id }))?.notification.origin;
  const rows = dead.map(({ ref, reason, fingerprint }) => ({
    tenant: ref.tenant,
    id: letterIdOf(ref.deliveryId, ref.redrive),
    delivery_id: ref.deliveryId,
    notification_id: ref.notificationId,
    recipient: ref.recipient,
    channel: ref.channel,
    device_id: ref.deviceId,
    reason,
    fingerprint,
    state: 'open',
    redrive: ref.redrive,
    created_at_ms: context.nowMs,
    attempts: JSON.stringify(attempts.get(ref.deliveryId) ?? []),
    origin: JSON.stringify(originOf(ref)) ?? null,
  }));
  await insertOpen(context, { input: rows });
}

/** Closes the letters whose redrive has come to an end, whatever it was; a delivery that died again has a new letter. */
export async function markRedriven(
  context: QueryContext,
  ended: readonly Pick<DeliveryRef, 'tenant' | 'deliveryId' | 'redrive'>[],
): Promise<void> {
  if (ended.length === 0) return;
  const rows = ended.map(({ tenant, deliveryId, redrive }) => ({ tenant, id: letterIdOf(deliveryId, redrive - 1) }));
  await setRedriven(context, { input: rows });
}
