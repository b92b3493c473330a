import type { PushDelivery } from '@belfry/core/channel';

/** What an app finds in the data beside the producer's own keys. */
const OWN_KEYS: ReadonlySet<string> = new Set(['notificationId', 'deliveryId', 'type', 'url', 'trimmed']);

/** Names that FCM refuses in data: firebase.google.com/docs/reference/fcm/rest/v1/projects.messages (`data`). */
export function isReservedDataKey(key: string): boolean {
  return key === 'from' || key === 'message_type' || key.startsWith('google.') || key.startsWith('gcm.');
}

/** Ids and type of the notification, so that an app can deduplicate, acknowledge, and fetch the whole from the inbox. */
export function ownData(delivery: PushDelivery): Record<string, string> {
  const { notification } = delivery;
  return {
    notificationId: notification.id,
    deliveryId: delivery.deliveryId,
    type: notification.type,
    ...(notification.url === undefined ? {} : { url: notification.url }),
  };
}

/**
 * The producer's data as FCM takes it: strings stay, everything else becomes its JSON. A key that is FCM's or ours is kept under the prefix
 * `x_` (repeated until it is free) instead of failing a whole notification for one phone's sake.
 */
export function producerData(data: Readonly<Record<string, unknown>> | undefined): Record<string, string> {
  const entries = Object.entries(data ?? {});
  const taken = new Set(entries.map(([key]) => key));
  const result: [string, string][] = [];
  for (const [key, value] of entries) {
    const encoded = typeof value === 'string' ? value : JSON.stringify(value);
    if (encoded === undefined) continue;
    let name = key;
    if (isReservedDataKey(key) || OWN_KEYS.has(key)) {
      do name = `x_${name}`;
      while (taken.has(name));
      taken.add(name);
    }
    result.push([name, encoded]);
  }
  return Object.fromEntries(result);
}
