import type { PushDelivery } from '@belfry/core/channel';

/** Ours in a message's data, beside the producer's own keys. */
const OWN_PREFIX = 'belfry_';

/** Names that FCM refuses in data: firebase.google.com/docs/reference/fcm/rest/v1/projects.messages (`data`). */
function isReservedDataKey(key: string): boolean {
  return key === 'from' || key === 'message_type' || key.startsWith('google.') || key.startsWith('gcm.');
}

/** What the data says about the notification, so that an app can deduplicate, acknowledge, and fetch the whole from the inbox. */
export function ownData(
  { notification, deliveryId }: PushDelivery,
  link: string | undefined,
  trimmed: string | undefined,
): Record<string, string> {
  return {
    belfry_id: notification.id,
    belfry_delivery: deliveryId,
    belfry_type: notification.type,
    ...(link === undefined ? {} : { belfry_url: link }),
    ...(trimmed === undefined ? {} : { belfry_trimmed: trimmed }),
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
    if (isReservedDataKey(key) || key.startsWith(OWN_PREFIX)) {
      do name = `x_${name}`;
      while (taken.has(name));
      taken.add(name);
    }
    result.push([name, encoded]);
  }
  return Object.fromEntries(result);
}
