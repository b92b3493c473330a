import { exponentialSchedule } from '@belfry/core/retry-policy';
import { parseDuration } from './duration.ts';
import { formatBytes, formatDuration } from './format-quantity.ts';

export type ParsedText<T> = { readonly ok: true; readonly value: T } | { readonly ok: false };

/** How the text of one variable becomes a value. `expects` completes the sentence "… must be …". */
export type ConfigType<T> = {
  readonly expects: string;
  parse(text: string): ParsedText<T>;
  /** The text that `parse` would turn into this value; shown as the default. */
  format(value: T): string;
};

const REJECTED = { ok: false } as const;

function accepted<T>(value: T): ParsedText<T> {
  return { ok: true, value };
}

/** Any text but the empty one, which counts as not set. */
export function string(): ConfigType<string> {
  return { expects: 'text', parse: accepted, format: (value) => value };
}

/** A path, relative to the working directory or absolute. Existence is checked by whoever opens it. */
export function path(): ConfigType<string> {
  return {
    expects: 'a file path',
    parse: (text) => (text.includes('\0') ? REJECTED : accepted(text)),
    format: (value) => value,
  };
}

/** A whole number, `min` and `max` included. */
export function integer(range: { readonly min: number; readonly max: number }): ConfigType<number> {
  return {
    expects: `a whole number from ${range.min} to ${range.max}`,
    parse(text) {
      const value = /^-?\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
      return value >= range.min && value <= range.max ? accepted(value) : REJECTED;
    },
    format: String,
  };
}

/** A TCP port; 0 lets the system choose one. */
export function port(): ConfigType<number> {
  return { ...integer({ min: 0, max: 65_535 }), expects: 'a port from 0 to 65535' };
}

/** A length of time in milliseconds, written with its unit: `250ms`, `30s`, `5m`, `2h`, `4d`. */
export function durationMs(range: { readonly min: number; readonly max: number }): ConfigType<number> {
  return {
    expects: `a duration such as 30s or 5m, from ${formatDuration(range.min)} to ${formatDuration(range.max)}`,
    parse(text) {
      const value = parseDuration(text);
      return value !== undefined && value >= range.min && value <= range.max ? accepted(value) : REJECTED;
    },
    format: formatDuration,
  };
}

const MAX_RETRIES = 20;
const MAX_WAIT_MS = 7 * 24 * 60 * 60 * 1_000;

/**
 * Waits between attempts in milliseconds, such as `5s,30s,2m`; its length is the number of retries. `exponential(5s, 4, 6h, 6)` stands for the waits that it comes to: first wait, factor, longest
 * wait, number of retries. `none` means no retry.
 */
export function retrySchedule(): ConfigType<readonly number[]> {
  return {
    expects:
      'waits separated by commas, such as 5s,30s,2m (at most 20, each from 1ms to 7d), or exponential(first, factor, longest, retries), such as exponential(5s, 4, 6h, 6), or none',
    parse(text) {
      if (text === 'none') return accepted([]);
      const waits = parseExponential(text) ?? text.split(',').map((part) => parseDuration(part.trim()));
      const known = waits.filter((wait) => wait !== undefined && wait >= 1 && wait <= MAX_WAIT_MS) as number[];
      return known.length === waits.length && waits.length <= MAX_RETRIES ? accepted(known) : REJECTED;
    },
    format: (value) => (value.length === 0 ? 'none' : value.map(formatDuration).join(',')),
  };
}

/** Undefined where the text is no such term, or says what cannot be. */
function parseExponential(text: string): readonly number[] | undefined {
  const [, first, factorText, longest, retriesText] =
    /^exponential\(\s*(\w[\w.]*)\s*,\s*(\d{1,3}(?:\.\d{1,3})?)\s*,\s*(\w[\w.]*)\s*,\s*(\d{1,2})\s*\)$/.exec(text) ?? [];
  const firstMs = parseDuration(first ?? '');
  const longestMs = parseDuration(longest ?? '');
  if (firstMs === undefined || longestMs === undefined) return undefined;
  if (firstMs > longestMs || longestMs > MAX_WAIT_MS) return undefined;
  const [factor, retries] = [Number(factorText), Number(retriesText)];
  return factor >= 1 && retries >= 1 ? exponentialSchedule({ firstMs, factor, longestMs, retries }) : undefined;
}

/** `true` or `false`. */
export function boolean(): ConfigType<boolean> {
  return {
    expects: 'true or false',
    parse: (text) => (text === 'true' || text === 'false' ? accepted(text === 'true') : REJECTED),
    format: String,
  };
}

/** Items separated by commas, blanks around them ignored. `none` is the empty list. */
export function list(): ConfigType<readonly string[]> {
  return {
    expects: 'items separated by commas, or none',
    parse(text) {
      if (text === 'none') return accepted([]);
      const items = text.split(',').map((item) => item.trim());
      return items.every((item) => item !== '') ? accepted(items) : REJECTED;
    },
    format: (value) => (value.length === 0 ? 'none' : value.join(',')),
  };
}

/** One of the given words. */
export function oneOf<const Word extends string>(words: readonly Word[]): ConfigType<Word> {
  return {
    expects: `one of ${words.join(', ')}`,
    parse(text) {
      const word = words.find((candidate) => candidate === text);
      return word === undefined ? REJECTED : accepted(word);
    },
    format: (value) => value,
  };
}

const BYTE_UNITS: Readonly<Record<string, number>> = { '': 1, B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

/** A size in bytes: `4096`, `64KiB`, `1MiB`, `2GiB`. */
export function bytes(range: { readonly min: number; readonly max: number }): ConfigType<number> {
  return {
    expects: `a size such as 64KiB or 1MiB, from ${formatBytes(range.min)} to ${formatBytes(range.max)}`,
    parse(text) {
      const [, digits, unit] = /^(\d{1,12})(|B|KiB|MiB|GiB)$/.exec(text) ?? [];
      const value = Number(digits) * (BYTE_UNITS[unit ?? ''] ?? 1);
      return value >= range.min && value <= range.max ? accepted(value) : REJECTED;
    },
    format: formatBytes,
  };
}

/** An absolute http or https URL. A base URL, to which paths are added, loses slashes at its end; an address is kept as it is. */
export function url({ slashAtEnd = 'removed' }: { readonly slashAtEnd?: 'removed' | 'kept' } = {}): ConfigType<string> {
  return {
    expects: 'an absolute http or https URL',
    parse(text) {
      const parsed = URL.parse(text);
      if (parsed === null || !/^https?:$/.test(parsed.protocol)) return REJECTED;
      return accepted(slashAtEnd === 'kept' ? text : text.replace(/\/+$/, ''));
    },
    format: (value) => value,
  };
}
