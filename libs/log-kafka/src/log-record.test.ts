import { expect, it } from 'vitest';
import { toLogRecord } from './log-record.ts';

const message = {
  key: Buffer.from('tenant/user'),
  value: Buffer.from([0, 255]),
  timestamp: '1700000000000',
  attributes: 0,
  offset: '9007199254740993',
  headers: {},
};
const headersOf = (headers: object) => toLogRecord('jobs', 3, { ...message, headers: { ...headers } }).headers;

it('gives a record as it is, with offsets beyond what a number holds', () => {
  expect(toLogRecord('jobs', 3, message)).toEqual({
    logTopic: 'jobs',
    partition: 3,
    offset: 9007199254740993n,
    key: 'tenant/user',
    value: Buffer.from([0, 255]),
    headers: {},
    appendedAtMs: 1_700_000_000_000,
  });
});

it('has a place for a tombstone without a key, a time or headers', () => {
  const bare = { ...message, key: null, value: null, timestamp: '-1', headers: {} };
  const { key, value, headers, appendedAtMs } = toLogRecord('jobs', 0, bare);
  expect([key, value.length, headers, appendedAtMs]).toEqual(['', 0, {}, 0]);
});

it('replaces what is not UTF-8 in keys and headers', () => {
  expect(toLogRecord('jobs', 0, { ...message, key: Buffer.from([0x61, 0xff]) }).key).toBe('a\ufffd');
  expect(headersOf({ h: Buffer.from([0xc3]) })).toEqual({ h: '\ufffd' });
});

it('takes the last of equal headers, and an empty text for one without a value', () => {
  expect(headersOf({ a: [Buffer.from('1'), Buffer.from('2')], b: null, c: undefined, d: [], e: 'text' })).toEqual({
    a: '2',
    b: '',
    c: '',
    d: '',
    e: 'text',
  });
});

it('is not confused by headers that are named like properties of every object', () => {
  const headers = headersOf({
    constructor: [Object, Buffer.from('1')],
    ['__proto__']: [Object.prototype, Buffer.from('2')],
  });
  expect(Object.entries(headers)).toEqual([
    ['constructor', '1'],
    ['__proto__', '2'],
  ]);
  expect(Object.getPrototypeOf(headers)).toBe(Object.prototype);
});
