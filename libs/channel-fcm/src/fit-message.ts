import type { PushDelivery } from '@belfry/core/channel';
import { buildMessage, contentOf, type MessageContent } from './message.ts';
import { toWireMessage } from './wire-message.ts';

/** FCM's limit for one message. */
export const MAX_MESSAGE_BYTES = 4096;

/** A body is not cut below this many characters while the producer's data is still there. */
const BODY_KEPT_LENGTH = 200;

export type FittedMessage =
  | { readonly ok: true; readonly json: string; readonly bytes: number }
  /** The parts that are never cut (ids, type, collapse key) are too large by themselves. */
  | { readonly ok: false; readonly bytes: number };

type Cut = { readonly name: string; apply(content: MessageContent, fits: Fits): MessageContent };
type Fits = (content: MessageContent) => boolean;

/**
 * What is given up, in this order and only as far as needed: the image; the body down to 200 characters; the producer's data, whole
 * (half of it would mislead an app that finds the rest missing); the rest of the body; the link; the end of the title.
 */
const CUTS: readonly Cut[] = [
  { name: 'icon', apply: (content) => ({ ...content, image: undefined }) },
  { name: 'body', apply: (content, fits) => shortenBody(content, BODY_KEPT_LENGTH, fits) },
  { name: 'data', apply: (content) => ({ ...content, data: {} }) },
  { name: 'body', apply: (content, fits) => shortenBody(content, 0, fits) },
  { name: 'url', apply: (content) => ({ ...content, link: undefined }) },
  {
    name: 'title',
    apply: (content, fits) => shorten(content.title, 1, (title) => ({ ...content, title }), fits),
  },
];

/**
 * The request body for `delivery`, cut to FCM's limit where needed. Bytes are those of the JSON of the message without its token, which is more
 * than FCM counts (names and punctuation are free there), so what fits here fits there. What was cut is named in `data.belfry_trimmed`;
 * the whole notification stays in the inbox.
 */
export function fitMessage(delivery: PushDelivery, token: string, nowMs: number): FittedMessage {
  const targetBytes = Buffer.byteLength(`"token":${JSON.stringify(token)},`);
  const encode = (candidate: MessageContent) =>
    JSON.stringify(toWireMessage(buildMessage(delivery, token, candidate, nowMs)));
  const bytesOf = (json: string) => Buffer.byteLength(json) - targetBytes;
  const fits: Fits = (candidate) => bytesOf(encode(candidate)) <= MAX_MESSAGE_BYTES;

  let content = contentOf(delivery);
  let json = encode(content);
  const trimmed = new Set<string>();
  for (const cut of CUTS) {
    if (bytesOf(json) <= MAX_MESSAGE_BYTES) break;
    const label = [...trimmed, ...(trimmed.has(cut.name) ? [] : [cut.name])].join(',');
    const shortened = cut.apply({ ...content, trimmed: label }, fits);
    if (same(shortened, content)) continue;
    trimmed.add(cut.name);
    content = shortened;
    json = encode(content);
  }
  const bytes = bytesOf(json);
  return bytes <= MAX_MESSAGE_BYTES ? { ok: true, json: `{"message":${json}}`, bytes } : { ok: false, bytes };
}

function same(a: MessageContent, b: MessageContent): boolean {
  const emptied = Object.keys(a.data).length === Object.keys(b.data).length;
  return emptied && a.title === b.title && a.body === b.body && a.image === b.image && a.link === b.link;
}

function shortenBody(content: MessageContent, atLeast: number, fits: Fits): MessageContent {
  const { body } = content;
  if (body === undefined) return content;
  return shorten(body, atLeast, (kept) => ({ ...content, body: kept === '' ? undefined : kept }), fits);
}

/** The longest beginning of `text` with which the message fits, but never less than `atLeast` characters of it. */
function shorten(
  text: string,
  atLeast: number,
  withText: (text: string) => MessageContent,
  fits: Fits,
): MessageContent {
  const characters = Array.from(text);
  const beginning = (length: number) => (length === 0 ? '' : `${characters.slice(0, length).join('').trimEnd()}…`);
  if (characters.length <= atLeast) return withText(text);
  let low = atLeast;
  let high = characters.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fits(withText(beginning(middle)))) low = middle;
    else high = middle - 1;
  }
  return withText(beginning(low));
}
