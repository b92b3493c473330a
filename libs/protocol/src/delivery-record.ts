import type { DeliveryRef } from '@belfry/core/delivery';
import type { LogRecord, NewLogRecord } from '@belfry/core/log';
import { LANES, PUSH_CHANNELS } from '@belfry/core/notification';
import { z } from 'zod';
import { recipientKey } from './log-topics.ts';

/** A record of `deliveries.<channel>.<lane>`: which delivery, which attempt. Everything else is read at the gate. Its host is a header. */
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

/** Host and port of the push service: who shares out slots looks at nothing else. */
const HOST_HEADER = 'belfry-host';

/** Keyed by the recipient, so that what is for one is worked off in order. */
export function deliveryRecord({ host, ...ref }: DeliveryRef): NewLogRecord {
  return {
    key: recipientKey(ref.tenant, ref.recipient),
    value: Buffer.from(JSON.stringify({ v: 1, ...ref })),
    ...(host === undefined ? {} : { headers: { [HOST_HEADER]: host } }),
  };
}

/** undefined where there is one push service for all, and for records of releases that did not name it. */
export function hostOfDelivery({ headers }: Pick<LogRecord, 'headers'>): string | undefined {
  return headers[HOST_HEADER];
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
