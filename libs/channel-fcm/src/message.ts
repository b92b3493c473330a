import type { PushDelivery } from '@belfry/core/channel';
import type { TokenMessage } from 'firebase-admin/messaging';
import { apnsCollapseId, webPushTopic } from './collapse.ts';
import { ownData, producerData } from './message-data.ts';

/** FCM keeps a message for at most 28 days. */
export const MAX_TTL_SECONDS = 2_419_200;

/** The parts of a message that may be shortened or left out to meet the size limit. */
export type MessageContent = {
  readonly title: string;
  readonly body: string | undefined;
  readonly image: string | undefined;
  readonly link: string | undefined;
  /** The producer's data, encoded. */
  readonly data: Readonly<Record<string, string>>;
  /** Names what was cut, for the app: `body,data`. */
  readonly trimmed: string | undefined;
};

export function contentOf({ notification }: PushDelivery): MessageContent {
  return {
    title: notification.title,
    body: notification.body,
    image: httpsUrl(notification.icon),
    link: notification.url,
    data: producerData(notification.data),
    trimmed: undefined,
  };
}

/**
 * The message for one device. Time to live is what is left of the deadline, so a phone that wakes later is not told. The tag is the
 * collapse key or else the delivery id: a send repeated after an unknown outcome replaces itself on the screen.
 */
export function buildMessage(
  delivery: PushDelivery,
  token: string,
  content: MessageContent,
  nowMs: number,
): TokenMessage {
  const { notification, deliveryId, remainingMs } = delivery;
  const { title, body, image } = content;
  const tag = notification.collapseKey ?? deliveryId;
  const ttlSeconds = Math.max(0, Math.min(Math.floor(remainingMs / 1000), MAX_TTL_SECONDS));
  const urgent = notification.priority === 'high';
  const link = httpsUrl(content.link);
  return {
    token,
    notification: { title, ...optional('body', body), ...optional('imageUrl', image) },
    data: { ...content.data, ...ownData(delivery, content.link, content.trimmed) },
    android: {
      priority: urgent ? 'high' : 'normal',
      ttl: ttlSeconds * 1000,
      ...optional('collapseKey', notification.collapseKey),
      notification: { tag },
    },
    apns: {
      headers: {
        'apns-collapse-id': apnsCollapseId(tag),
        'apns-expiration': String(ttlSeconds === 0 ? 0 : Math.floor(nowMs / 1000) + ttlSeconds),
        'apns-priority': urgent ? '10' : '5',
      },
    },
    webpush: {
      headers: {
        TTL: String(ttlSeconds),
        Urgency: notification.priority,
        ...(notification.collapseKey === undefined ? {} : { Topic: webPushTopic(notification.collapseKey) }),
      },
      notification: { tag, ...optional('icon', image) },
      ...(link === undefined ? {} : { fcmOptions: { link } }),
    },
  };
}

function optional<K extends string>(key: K, value: string | undefined): { [key in K]?: string } {
  return value === undefined ? {} : ({ [key]: value } as { [key in K]?: string });
}

/** FCM and the phones load nothing but absolute https URLs; another address would fail the message or show nothing. */
function httpsUrl(value: string | undefined): string | undefined {
  return value !== undefined && URL.canParse(value) && new URL(value).protocol === 'https:' ? value : undefined;
}
