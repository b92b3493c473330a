import type { z } from 'zod';
import { isNestedTooDeep } from './nesting.ts';

export type ReadRecord<T> =
  | { readonly ok: true; readonly value: T }
  /** Fit to be stored and shown: one line, bounded, well-formed. */
  | { readonly ok: false; readonly reason: string };

const MAX_REASON_LENGTH = 300;
/** Keeps no state between calls that do not stream, and takes a byte order mark off. */
const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** The value of a log record as JSON of a shape; whatever bytes there are, it does not throw. */
export function readRecord<T>(bytes: Uint8Array, schema: z.ZodType<T>): ReadRecord<T> {
  if (bytes.byteLength === 0) return { ok: false, reason: 'empty' };
  let text: string;
  try {
    text = UTF8.decode(bytes);
  } catch {
    return { ok: false, reason: 'not-utf8' };
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { ok: false, reason: 'not-json' };
  }
  if (isNestedTooDeep(json)) return { ok: false, reason: 'nested-too-deep' };
  const parsed = schema.safeParse(json);
  if (parsed.success) return { ok: true, value: parsed.data };
  const issue = parsed.error.issues[0];
  return {
    ok: false,
    reason: printable(`invalid: /${issue?.path.map(String).join('/') ?? ''} ${issue?.message ?? ''}`),
  };
}

/** The message of a check quotes names out of the record, and a store that refused the reason would be asked to keep the record for ever. */
function printable(text: string): string {
  return text.slice(0, MAX_REASON_LENGTH).replaceAll(/[\p{Cc}\p{Cs}]/gu, '\uFFFD');
}
