import type { DeliveryRef } from '@belfry/core/delivery';
import type { Settlement } from '@belfry/core/store/gate';
import { expect, it } from 'vitest';
import { createUnsettledAttempts } from './unsettled-attempts.ts';

const refOf = (deliveryId: string, fields: Partial<DeliveryRef> = {}): DeliveryRef => ({
  tenant: 'acme',
  notificationId: 'n1',
  recipient: 'ann',
  deliveryId,
  channel: 'fcm',
  deviceId: 'phone',
  lane: 'bulk',
  attempt: 1,
  redrive: 0,
  ...fields,
});
const delivered = (ref: DeliveryRef): Settlement => ({ ref, next: { kind: 'end', state: 'delivered' }, reason: '' });

it('knows an attempt until it is taken, and no other attempt of the delivery', () => {
  const unsettled = createUnsettledAttempts();
  const ref = refOf('d1');
  const settlement = delivered(ref);
  unsettled.add(settlement);
  expect(unsettled.take(refOf('d1', { attempt: 2 }))).toBeUndefined();
  expect(unsettled.take(refOf('d1', { redrive: 1 }))).toBeUndefined();
  expect(unsettled.take({ ...ref })).toBe(settlement);
  expect(unsettled.take(ref)).toBeUndefined();
});

it('forgets the one that was added longest ago when there are too many', () => {
  const unsettled = createUnsettledAttempts(2);
  for (const deliveryId of ['d1', 'd2', 'd1', 'd3']) unsettled.add(delivered(refOf(deliveryId)));
  expect(['d1', 'd2', 'd3'].filter((deliveryId) => unsettled.take(refOf(deliveryId)))).toEqual(['d1', 'd3']);
});
