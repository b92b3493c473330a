import type { TokenMessage } from 'firebase-admin/messaging';

/** Wire names of firebase-admin's message fields, where they differ (firebase.google.com/docs/reference/fcm/rest/v1/projects.messages). */
const WIRE_NAMES: Readonly<Record<string, string>> = {
  imageUrl: 'image',
  collapseKey: 'collapse_key',
  fcmOptions: 'fcm_options',
};

/** Maps whose keys are the producer's or HTTP's: not ours to rename. */
const VERBATIM: ReadonlySet<string> = new Set(['data', 'headers']);

/** The message as HTTP v1 takes it: snake case, and the time to live as a protobuf duration ("3600s") instead of milliseconds. */
export function toWireMessage(message: TokenMessage): Record<string, unknown> {
  return renamed(message) as Record<string, unknown>;
}

function renamed(value: object): object {
  const entries = Object.entries(value).map(([key, member]: [string, unknown]) => {
    if (key === 'ttl' && typeof member === 'number') return [key, `${Math.floor(member / 1000)}s`];
    const name = WIRE_NAMES[key] ?? key;
    return [name, typeof member === 'object' && member !== null && !VERBATIM.has(key) ? renamed(member) : member];
  });
  return Object.fromEntries(entries);
}
