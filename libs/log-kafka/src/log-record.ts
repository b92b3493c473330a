import type { LogRecord } from '@belfry/core/log';
import type { IHeaders, KafkaMessage } from 'kafkajs';

const EMPTY = new Uint8Array(0);
const NO_HEADERS: LogRecord['headers'] = Object.freeze({});

/**
 * What a broker gave as a record of the port. Other producers write to the same topics, so everything they may leave out or write twice has a place: no key
 * is the empty key, no value (a tombstone) the empty value, bytes that are not UTF-8 become U+FFFD, the last of several equal headers counts, as
 * `lastHeader` does in Java, and a missing timestamp is 0.
 */
export function toLogRecord(logTopic: string, partition: number, message: KafkaMessage): LogRecord {
  const appendedAtMs = Number(message.timestamp);
  return {
    logTopic,
    partition,
    offset: BigInt(message.offset),
    key: message.key?.toString('utf8') ?? '',
    value: message.value ?? EMPTY,
    headers: message.headers === undefined ? NO_HEADERS : toHeaders(message.headers),
    appendedAtMs: appendedAtMs > 0 ? appendedAtMs : 0,
  };
}

function toHeaders(headers: IHeaders): LogRecord['headers'] {
  const names = Object.keys(headers);
  if (names.length === 0) return NO_HEADERS;
  const texts: Record<string, string> = {};
  for (const name of names) {
    const value = textOf(headers[name]);
    if (name !== '__proto__') texts[name] = value;
    // Assigning it would change the object instead.
    else Object.defineProperty(texts, name, { value, enumerable: true, configurable: true, writable: true });
  }
  return texts;
}

function textOf(value: IHeaders[string] | null): string {
  // The client gathers a header that is named like a property of every object (`constructor`) into a list with that property first.
  const last = Array.isArray(value) ? value.at(-1) : value;
  return last === undefined || last === null ? '' : last.toString('utf8');
}
