import { isRecord } from '../parse-script.ts';
import { SEND_REQUEST, type Shape } from './message-schema.ts';

/** What is wrong with a request, in FCM's way of saying it. */
export type Violation = {
  readonly field: string;
  readonly description: string;
  /** FCM itself refuses it (and adds its FcmError), or the JSON does not even fit the API. */
  readonly byFcm: boolean;
};

export type CheckedMessage = {
  readonly token: string;
  readonly validateOnly: boolean;
  /** As it was sent, with every field under its snake-case name. */
  readonly message: Readonly<Record<string, unknown>>;
};

export type MessageCheck = { readonly ok: true; readonly value: CheckedMessage } | ({ readonly ok: false } & Violation);

const MAX_PAYLOAD_BYTES = 4096;
const MAX_TTL_SECONDS = 2_419_200;
const TARGETS = ['token', 'fid', 'topic', 'condition'];

/**
 * Checks a `messages:send` body as strictly as FCM: unknown fields, types, exactly one target (which must be a token: the simulator knows
 * only devices), reserved data keys, the time to live, and the size, which is that of the message's JSON without its target.
 */
export function checkMessage(body: string): MessageCheck {
  let request: unknown;
  try {
    request = snakeCased(JSON.parse(body), SEND_REQUEST);
  } catch {
    return bad('', 'Invalid JSON payload received.', false);
  }
  if (!isRecord(request)) return bad('', 'Invalid JSON payload received. Expected an object.', false);
  const misfit = findMisfit(request, SEND_REQUEST, '');
  if (misfit) return { ok: false, ...misfit };
  const message = request.message;
  if (!isRecord(message)) return bad('message', 'Message is missing.', true);

  const targets = TARGETS.filter((name) => message[name] !== undefined && message[name] !== '');
  if (targets.length !== 1) return bad('message', 'Recipient of the message is not set.', true);
  const token = message.token;
  if (typeof token !== 'string') return bad('message', 'The simulator takes registration tokens only.', true);

  const refusal = refusedData(message.data, 'message.data') ?? refusedAndroid(message.android) ?? refusedSize(message);
  if (refusal) return { ok: false, ...refusal };
  return { ok: true, value: { token, validateOnly: request.validate_only === true, message } };
}

function refusedData(data: unknown, field: string): Violation | undefined {
  const reserved = Object.keys(isRecord(data) ? data : {}).find(
    (key) => key === 'from' || key === 'message_type' || /^(google|gcm)\./.test(key),
  );
  return reserved === undefined
    ? undefined
    : { field, description: `Invalid data payload key: ${reserved}`, byFcm: true };
}

function refusedAndroid(android: unknown): Violation | undefined {
  if (!isRecord(android)) return undefined;
  const ttl = android.ttl;
  if (typeof ttl === 'string' && Number.parseFloat(ttl) > MAX_TTL_SECONDS) {
    return { field: 'message.android.ttl', description: 'Invalid value for ttl: more than four weeks', byFcm: true };
  }
  return refusedData(android.data, 'message.android.data');
}

function refusedSize(message: Readonly<Record<string, unknown>>): Violation | undefined {
  const { token: _token, ...payload } = message;
  const bytes = Buffer.byteLength(JSON.stringify(payload));
  return bytes > MAX_PAYLOAD_BYTES
    ? { field: 'message', description: `Message is too big: ${bytes} bytes of ${MAX_PAYLOAD_BYTES}`, byFcm: true }
    : undefined;
}

/** The first value that does not fit its shape. */
function findMisfit(value: unknown, shape: Shape, field: string): Violation | undefined {
  if (typeof shape === 'string') return fitsScalar(value, shape) ? undefined : mistyped(field, shape, value);
  if ('oneOf' in shape) {
    return typeof value === 'string' && shape.oneOf.includes(value) ? undefined : mistyped(field, 'enum', value);
  }
  if ('list' in shape) {
    if (!Array.isArray(value)) return mistyped(field, 'list', value);
    return firstOf(value.map((item, index) => () => findMisfit(item, shape.list, `${field}[${index}]`)));
  }
  if (!isRecord(value)) return mistyped(field, 'object', value);
  return firstOf(
    Object.entries(value).map(([name, member]) => () => {
      const inner = shape.fields[name];
      const path = field === '' ? name : `${field}.${name}`;
      return inner && Object.hasOwn(shape.fields, name) ? findMisfit(member, inner, path) : unknownName(field, name);
    }),
  );
}

function firstOf(checks: readonly (() => Violation | undefined)[]): Violation | undefined {
  for (const check of checks) {
    const violation = check();
    if (violation) return violation;
  }
  return undefined;
}

function fitsScalar(value: unknown, shape: Extract<Shape, string>): boolean {
  switch (shape) {
    case 'string':
    case 'boolean':
    case 'number':
      return typeof value === shape;
    case 'integer':
      return Number.isInteger(value);
    case 'duration':
      return typeof value === 'string' && /^\d+(\.\d{1,9})?s$/.test(value);
    case 'timestamp':
      return typeof value === 'string' && /^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/.test(value);
    case 'object':
      return isRecord(value);
    case 'string-map':
      return isRecord(value) && Object.values(value).every((member) => typeof member === 'string');
  }
}

function mistyped(field: string, type: string, value: unknown): Violation {
  return { field, description: `Invalid value at '${field}' (${type}), ${JSON.stringify(value)}`, byFcm: false };
}

function unknownName(field: string, name: string): Violation {
  const description = `Invalid JSON payload received. Unknown name "${name}" at '${field}': Cannot find field.`;
  return { field, description, byFcm: false };
}

/** Protobuf's JSON mapping takes both spellings of a field. Maps and free objects keep their keys. */
function snakeCased(value: unknown, shape: Shape | undefined): unknown {
  if (!isRecord(value) || typeof shape !== 'object' || !('fields' in shape)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => {
      const snake = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
      const known = Object.hasOwn(shape.fields, snake) ? snake : name;
      return [known, snakeCased(member, shape.fields[known])];
    }),
  );
}

function bad(field: string, description: string, byFcm: boolean): { readonly ok: false } & Violation {
  return { ok: false, field, description, byFcm };
}
