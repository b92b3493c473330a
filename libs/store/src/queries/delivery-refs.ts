import type { DeliveryRef } from '@belfry/core/delivery';
import { type DeviceAddress, pushServiceOf } from '@belfry/core/device';
import type { Channel, Lane } from '@belfry/core/notification';

type RefRow = {
  readonly tenant: string;
  readonly id: string;
  readonly notification_id: string;
  readonly recipient: string;
  readonly channel: Channel;
  readonly device_id: string;
  readonly lane: Lane;
  readonly attempt: number;
  readonly redrive: number;
  /** Of the device; null where it was removed since. */
  readonly address: string | null;
};

/** The columns of a push delivery `d` and of its device `v` that name it on the log. */
export const REF_COLUMNS = [
  'd.tenant',
  'd.id',
  'd.notification_id',
  'd.recipient',
  'd.channel',
  'd.device_id',
  'd.lane',
  'd.attempt',
  'd.redrive',
  'v.address',
] as const;

export function toDeliveryRef(row: RefRow): DeliveryRef {
  const channel = row.channel as DeliveryRef['channel'];
  const host =
    row.address === null ? undefined : pushServiceOf({ channel, address: JSON.parse(row.address) } as DeviceAddress);
  return {
    tenant: row.tenant,
    deliveryId: row.id,
    notificationId: row.notification_id,
    recipient: row.recipient,
    channel,
    deviceId: row.device_id,
    lane: row.lane,
    attempt: row.attempt,
    redrive: row.redrive,
    ...(host === undefined ? {} : { host }),
  };
}
