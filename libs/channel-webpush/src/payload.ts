import type { DeliveryId } from '@belfry/core/delivery';
import type { Notification } from '@belfry/core/notification';
import { MAX_PLAINTEXT_BYTES } from './encrypt.ts';

/**
 * What the service worker gets, as JSON. Its `tag` makes a browser replace the shown notification of the same collapse key, or of the same
 * notification when it is sent again.
 */
export type PushPayload = {
  readonly id: string;
  readonly deliveryId: DeliveryId;
  readonly type: string;
  readonly title: string;
  readonly body?: string;
  readonly icon?: string;
  readonly url?: string;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly tag: string;
  /** There when something was left out to fit: the whole is in the inbox, by `id`. */
  readonly trimmed?: true;
};

/** Ends a text that was cut. */
export const CUT_MARKER = '…';

/**
 * The payload in at most `maxBytes`. What does not fit goes in this order: `data`, the end of `body`, `icon`, the end of `title`, `url`.
 * Undefined when even then it does not fit, which takes an `id` or `type` of thousands of bytes.
 */
export function createPayload(
  notification: Notification,
  deliveryId: DeliveryId,
  maxBytes: number = MAX_PLAINTEXT_BYTES,
): Buffer | undefined {
  const { id, type, title, body, icon, url, data, collapseKey } = notification;
  const named = { id, deliveryId, type, tag: collapseKey ?? id };
  const whole: PushPayload = {
    ...named,
    title,
    ...(body === undefined ? {} : { body }),
    ...(icon === undefined ? {} : { icon }),
    ...(url === undefined ? {} : { url }),
    ...(data === undefined ? {} : { data }),
  };
  const encoded = encode(whole);
  if (encoded.length <= maxBytes) return encoded;

  const { data: _data, body: _body, ...head } = whole;
  const { icon: _icon, ...withoutIcon } = head;
  const { url: _url, ...bare } = withoutIcon;
  return (
    fitText(body, maxBytes, (text) => ({ ...head, ...text('body'), trimmed: true })) ??
    fitText(title, maxBytes, (text) => ({ ...withoutIcon, ...text('title'), trimmed: true })) ??
    fitText(title, maxBytes, (text) => ({ ...bare, ...text('title'), trimmed: true }))
  );
}

type Place = (field: 'body' | 'title') => Readonly<Record<string, string>>;

/** The payload with the longest beginning of `text` that fits; undefined when it does not even fit with none of it. */
function fitText(text: string | undefined, maxBytes: number, build: (text: Place) => object): Buffer | undefined {
  const characters = Array.from(text ?? '');
  const attempt = (length: number): Buffer => {
    const cut = length < characters.length ? characters.slice(0, length).join('') + CUT_MARKER : text;
    return encode(build((field) => (cut === undefined ? {} : { [field]: cut })));
  };
  let fitting = attempt(0);
  if (fitting.length > maxBytes) return undefined;
  let low = 0;
  let high = characters.length;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const encoded = attempt(middle);
    if (encoded.length <= maxBytes) {
      low = middle;
      fitting = encoded;
    } else {
      high = middle - 1;
    }
  }
  return fitting;
}

function encode(payload: object): Buffer {
  return Buffer.from(JSON.stringify(payload), 'utf8');
}
