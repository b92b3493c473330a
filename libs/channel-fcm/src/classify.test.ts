import type { Outcome, SetupFault } from '@belfry/core/outcome';
import { describe, expect, it } from 'vitest';
import { classifyFailure, classifyReply } from './classify.ts';
import { OUTCOME_TABLE, TRANSPORT_TABLE } from './outcome-table.ts';

const NOW_MS = Date.UTC(2026, 10, 21, 12, 0, 0);
const FCM = 'type.googleapis.com/google.firebase.fcm.v1.FcmError';
const BAD_REQUEST = 'type.googleapis.com/google.rpc.BadRequest';
const QUOTA_FAILURE = 'type.googleapis.com/google.rpc.QuotaFailure';

const error = (message: string, ...details: Record<string, unknown>[]) =>
  JSON.stringify({ error: { message, status: 'WHATEVER', details } });
const fcmError = (errorCode: string, message = 'Request contains an invalid argument.', more: object[] = []) =>
  error(message, ...more.map((detail) => ({ ...detail })), { '@type': FCM, errorCode });
const violation = (field: string) => ({
  '@type': BAD_REQUEST,
  fieldViolations: [{ field, description: 'Invalid registration token' }],
});
const deviceQuota = {
  '@type': QUOTA_FAILURE,
  violations: [{ subject: 'device:abc', description: 'Device message rate exceeded' }],
};
const NOT_VALID = 'The registration token is not a valid FCM registration token';
const HTML = '<!DOCTYPE html><title>Error</title>';
const NAME = '{"name":"projects/p/messages/0:1"}';

type Line = {
  readonly what: string;
  readonly status: number;
  readonly body: string;
  readonly retryAfter?: string;
  readonly outcome: Outcome;
};

const gone = (code: string, reason: string): Outcome => ({ kind: 'gone', code, reason });
const rejected = (code: string, reason: string, fault?: SetupFault): Outcome => ({
  kind: 'rejected',
  code,
  reason,
  ...(fault === undefined ? {} : { fault }),
});
const retry = (code: string, reason: string, wait: { afterMs: number } | { floorMs: number }): Outcome => ({
  kind: 'retry',
  code,
  reason,
  ...wait,
});
const unknown = (code: string): Outcome => ({ kind: 'unknown', code, reason: 'unreadable-answer' });

const GOLDEN: readonly Line[] = [
  { what: 'a name', status: 200, body: NAME, outcome: { kind: 'delivered', code: '200' } },
  { what: 'success as a page', status: 200, body: HTML, outcome: unknown('200') },
  { what: 'no status', status: 0, body: '', outcome: unknown('0') },
  { what: 'unregistered', status: 404, body: fcmError('UNREGISTERED'), outcome: gone('UNREGISTERED', 'unregistered') },
  {
    what: 'unregistered installation',
    status: 404,
    body: fcmError('UNREGISTERED_FID'),
    outcome: gone('UNREGISTERED_FID', 'unregistered'),
  },
  {
    what: '404 without FcmError',
    status: 404,
    body: error('Requested entity was not found.'),
    outcome: rejected('404', 'not-found', 'perhaps-setup'),
  },
  { what: '404 as a page', status: 404, body: HTML, outcome: rejected('404', 'not-found', 'perhaps-setup') },
  {
    what: 'an invalid token, by message',
    status: 400,
    body: fcmError('INVALID_ARGUMENT', NOT_VALID),
    outcome: gone('INVALID_ARGUMENT', 'invalid-token'),
  },
  {
    what: 'an invalid token, by field',
    status: 400,
    body: fcmError('INVALID_ARGUMENT', 'Request contains an invalid argument.', [violation('message.token')]),
    outcome: gone('INVALID_ARGUMENT', 'invalid-token'),
  },
  {
    what: 'an invalid token without FcmError',
    status: 400,
    body: error(NOT_VALID),
    outcome: gone('400', 'invalid-token'),
  },
  {
    what: 'another invalid field',
    status: 400,
    body: fcmError('INVALID_ARGUMENT', 'Bad', [violation('message.data')]),
    outcome: rejected('INVALID_ARGUMENT', 'invalid-message'),
  },
  {
    what: 'an invalid message',
    status: 400,
    body: fcmError('INVALID_ARGUMENT'),
    outcome: rejected('INVALID_ARGUMENT', 'invalid-message'),
  },
  { what: '400 without details', status: 400, body: '{}', outcome: rejected('400', 'invalid-message') },
  {
    what: "another sender's token",
    status: 403,
    body: fcmError('SENDER_ID_MISMATCH'),
    outcome: gone('SENDER_ID_MISMATCH', 'sender-id-mismatch'),
  },
  {
    what: '403 without FcmError',
    status: 403,
    body: error("Permission 'x' denied"),
    outcome: rejected('403', 'permission-denied', 'setup'),
  },
  {
    what: 'APNs credentials',
    status: 401,
    body: fcmError('THIRD_PARTY_AUTH_ERROR'),
    outcome: rejected('THIRD_PARTY_AUTH_ERROR', 'third-party-auth', 'perhaps-setup'),
  },
  {
    what: 'our credentials',
    status: 401,
    body: error('Invalid credentials'),
    outcome: rejected('401', 'unauthenticated', 'setup'),
  },
  {
    what: 'quota',
    status: 429,
    body: fcmError('QUOTA_EXCEEDED'),
    outcome: retry('QUOTA_EXCEEDED', 'throttled', { floorMs: 60_000 }),
  },
  {
    what: 'quota with seconds',
    status: 429,
    body: fcmError('QUOTA_EXCEEDED'),
    retryAfter: '7',
    outcome: retry('QUOTA_EXCEEDED', 'throttled', { afterMs: 7_000 }),
  },
  {
    what: 'quota with a date',
    status: 429,
    body: fcmError('QUOTA_EXCEEDED'),
    retryAfter: 'Sat, 21 Nov 2026 12:01:30 GMT',
    outcome: retry('QUOTA_EXCEEDED', 'throttled', { afterMs: 90_000 }),
  },
  {
    what: 'quota with a past date',
    status: 429,
    body: fcmError('QUOTA_EXCEEDED'),
    retryAfter: 'Sat, 21 Nov 2026 11:00:00 GMT',
    outcome: retry('QUOTA_EXCEEDED', 'throttled', { floorMs: 60_000 }),
  },
  {
    what: 'quota with nonsense',
    status: 429,
    body: fcmError('QUOTA_EXCEEDED'),
    retryAfter: '1.5',
    outcome: retry('QUOTA_EXCEEDED', 'throttled', { floorMs: 60_000 }),
  },
  {
    what: 'quota with zero',
    status: 429,
    body: fcmError('QUOTA_EXCEEDED'),
    retryAfter: '0',
    outcome: retry('QUOTA_EXCEEDED', 'throttled', { floorMs: 60_000 }),
  },
  {
    what: "the device's quota",
    status: 429,
    body: fcmError('QUOTA_EXCEEDED', 'Too many', [deviceQuota]),
    outcome: retry('QUOTA_EXCEEDED', 'device-throttled', { floorMs: 60_000 }),
  },
  {
    what: "the device's quota without FcmError",
    status: 429,
    body: error('Too many', deviceQuota),
    outcome: retry('429', 'device-throttled', { floorMs: 60_000 }),
  },
  {
    what: "the front end's quota",
    status: 429,
    body: error("Quota exceeded for quota metric 'Send requests'"),
    outcome: retry('429', 'throttled', { floorMs: 60_000 }),
  },
  {
    what: 'unavailable',
    status: 503,
    body: fcmError('UNAVAILABLE'),
    outcome: retry('UNAVAILABLE', 'unavailable', { floorMs: 10_000 }),
  },
  {
    what: 'unavailable with a wait',
    status: 503,
    body: fcmError('UNAVAILABLE'),
    retryAfter: '120',
    outcome: retry('UNAVAILABLE', 'unavailable', { afterMs: 120_000 }),
  },
  {
    what: 'internal',
    status: 500,
    body: fcmError('INTERNAL'),
    outcome: retry('INTERNAL', 'provider-error', { floorMs: 10_000 }),
  },
  {
    what: 'unspecified',
    status: 500,
    body: fcmError('UNSPECIFIED_ERROR'),
    outcome: retry('UNSPECIFIED_ERROR', 'unspecified', { floorMs: 10_000 }),
  },
  { what: '500 as a page', status: 500, body: HTML, outcome: retry('500', 'provider-error', { floorMs: 10_000 }) },
  { what: '502 as a page', status: 502, body: HTML, outcome: retry('502', 'unavailable', { floorMs: 10_000 }) },
  { what: '504', status: 504, body: '', outcome: retry('504', 'unavailable', { floorMs: 10_000 }) },
  { what: '507', status: 507, body: '', outcome: retry('507', 'provider-error', { floorMs: 10_000 }) },
  { what: '408', status: 408, body: '', outcome: retry('408', 'unavailable', { floorMs: 10_000 }) },
  {
    what: 'a code that FCM may add',
    status: 503,
    body: fcmError('BRAND_NEW'),
    outcome: retry('BRAND_NEW', 'unavailable', { floorMs: 10_000 }),
  },
  { what: 'a redirect', status: 302, body: '', outcome: rejected('302', 'refused') },
  { what: '413', status: 413, body: '', outcome: rejected('413', 'refused') },
  {
    what: 'cut JSON',
    status: 404,
    body: fcmError('UNREGISTERED').slice(0, -9),
    outcome: rejected('404', 'not-found', 'perhaps-setup'),
  },
];

describe('classifyReply', () => {
  it.each(GOLDEN)('$what ($status $retryAfter)', ({ status, body, retryAfter, outcome }) => {
    expect(classifyReply({ status, body, retryAfter }, NOW_MS)).toEqual(outcome);
  });

  it('has a golden line for every rule of the table', () => {
    const seen = new Set(GOLDEN.map(({ outcome }) => ('reason' in outcome ? outcome.reason : 'accepted')));
    expect(OUTCOME_TABLE.map((rule) => rule.reason).filter((reason) => !seen.has(reason))).toEqual([]);
  });

  it('gives every retry a floor of at least 10 s, and removes no device on a status alone but 400', () => {
    for (const rule of OUTCOME_TABLE) {
      if (rule.outcome === 'retry') expect(rule.floorMs).toBeGreaterThanOrEqual(10_000);
      if (rule.outcome === 'gone') expect(rule.errorCode ?? rule.aspect).toBeDefined();
    }
  });
});

describe('classifyFailure', () => {
  it.each(TRANSPORT_TABLE)('$failure is $outcome', ({ failure, outcome, reason, floorMs }) => {
    const wait = floorMs === undefined ? {} : { floorMs };
    expect(classifyFailure(failure, 'CODE')).toEqual({ kind: outcome, code: 'CODE', reason, ...wait });
  });

  it('calls only a broken request unknown', () => {
    expect(TRANSPORT_TABLE.filter((rule) => rule.outcome === 'unknown').map((rule) => rule.failure)).toEqual([
      'broken',
    ]);
  });
});
