import type { Hint } from '@belfry/core/backplane';

/**
 * A hint on its way between processes: the address of a user (a Redis channel, the key of a log record) and a short text. Cheap on
 * purpose: a receiver that does not know the address reads nothing else, and the frame is neither escaped nor parsed.
 */
export type HintText = Pick<Hint, 'offset' | 'frame'>;

/** Unambiguous whatever characters the two names have: the tenant's length comes first. */
export function hintAddress(tenant: string, user: string): string {
  return `${tenant.length}:${tenant}/${user}`;
}

/** `17`, or `17:` and the frame. */
export function formatHint({ offset, frame }: HintText): string {
  return frame === undefined ? String(offset) : `${offset}:${frame}`;
}

const OFFSET = /^\d{1,15}(?=:|$)/;

/** undefined for what `formatHint` does not write. */
export function parseHint(text: string): HintText | undefined {
  const [digits] = OFFSET.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const offset = Number(digits);
  return text.length === digits.length ? { offset } : { offset, frame: text.slice(digits.length + 1) };
}
