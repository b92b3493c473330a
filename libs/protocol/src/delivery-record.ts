import type { DeliveryRef } from '@belfry/core/delivery';
import { LANES, PUSH_CHANNELS } from '@belfry/core/notification';
import { z } from 'zod';

/** A record of `deliveries.<channel>.<lane>`: which delivery, which attempt. Everything else is read at the gate. */
export const deliveryRecordSchema = z.object({
  v: z.literal(1),
  tenant: z.string(),
  deliveryId: z.string(),
  notificationId: z.string(),
  recipient: z.string(),
  channel: z.enum(PUSH_CHANNELS),
  deviceId: z.string(),
  lane: z.enum(LANES),
  attempt: z.int().min(1),
  redrive: z.int().min(0),
});

export function encodeDelivery(ref: DeliveryRef): Uint8Array {
  return Buffer.from(JSON.stringify({ v: 1, ...ref }));
}

/** undefined when the record is not a delivery of a version that this code knows. */
export function parseDelivery(value: Uint8Array): DeliveryRef | undefined {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8'));
  } catch {
    return undefined;
  }
  const parsed = deliveryRecordSchema.safeParse(json);
  if (!parsed.success) return undefined;
  const { v: _version, ...ref } = parsed.data;
  return ref;
}
