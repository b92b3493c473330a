import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classifyAnswer, classifyFailure, type FailureCause, OUTCOME_RULES } from './classify.ts';

const NOW = Date.UTC(2026, 10, 21, 12, 0, 0);

type Line = readonly [
  status: number,
  kind: string,
  reason?: string,
  afterMs?: number | undefined,
  headers?: Readonly<Record<string, string>>,
  body?: string,
];

/** Golden: written from the providers' documents, not from the code. A changed line here is a changed promise. */
const TABLE: readonly Line[] = [
  [200, 'delivered'],
  [201, 'delivered'],
  [202, 'delivered'],
  [204, 'delivered'],
  [301, 'rejected', 'redirect-refused'],
  [302, 'rejected', 'redirect-refused'],
  [307, 'rejected', 'redirect-refused'],
  [308, 'rejected', 'redirect-refused'],
  [400, 'rejected', 'bad-request'],
  [400, 'rejected', 'bad-request', undefined, {}, '{"reason":"BadWebPushTopic"}'],
  [400, 'gone', 'vapid-key-mismatch', undefined, {}, '{"reason":"VapidPkHashMismatch"}'],
  [400, 'gone', 'vapid-key-mismatch', undefined, {}, '<H1>UnauthorizedRegistration</H1>'],
  [
    400,
    'gone',
    'vapid-key-mismatch',
    undefined,
    {},
    'the key in the authorization header does not correspond to the sender ID',
  ],
  [401, 'rejected', 'vapid-refused'],
  [
    401,
    'rejected',
    'vapid-refused',
    undefined,
    {},
    '{"code":401,"errno":109,"message":"Request did not validate: missing authorization header"}',
  ],
  [403, 'rejected', 'vapid-refused'],
  [403, 'rejected', 'vapid-refused', undefined, {}, '{"reason":"BadJwtToken"}'],
  [
    403,
    'rejected',
    'vapid-refused',
    undefined,
    {},
    'the VAPID credentials in the authorization header do not correspond to the credentials used to create the subscriptions.',
  ],
  [403, 'rejected', 'vapid-refused', undefined, {}, '{"reason":"VapidPkHashMismatch"}'],
  [404, 'gone', 'subscription-gone'],
  [405, 'rejected', 'unexpected-status'],
  [406, 'retry', 'throttled'],
  [406, 'retry', 'throttled', 60_000, { 'retry-after': '60' }],
  [408, 'retry', 'provider-error'],
  [410, 'gone', 'subscription-gone'],
  [
    410,
    'gone',
    'subscription-gone',
    undefined,
    { 'retry-after': '60' },
    '{"code":410,"errno":106,"message":"No such subscription"}',
  ],
  [411, 'rejected', 'unexpected-status'],
  [413, 'rejected', 'payload-too-large'],
  [415, 'rejected', 'unexpected-status'],
  [429, 'retry', 'throttled'],
  [429, 'retry', 'throttled', undefined, { 'retry-after': '0' }],
  [429, 'retry', 'throttled', 120_000, { 'retry-after': '120' }],
  [429, 'retry', 'throttled', 90_000, { 'retry-after': 'Sat, 21 Nov 2026 12:01:30 GMT' }],
  [429, 'retry', 'throttled', undefined, { 'retry-after': 'Sat, 21 Nov 2026 11:00:00 GMT' }],
  [429, 'retry', 'throttled', undefined, { 'retry-after': 'soon' }],
  [429, 'retry', 'throttled', undefined, { 'retry-after': '-5' }],
  [500, 'retry', 'provider-error'],
  [500, 'retry', 'provider-error', undefined, {}, 'VapidPkHashMismatch'],
  [502, 'retry', 'provider-error'],
  [503, 'retry', 'provider-error'],
  [503, 'retry', 'provider-error', 30_000, { 'retry-after': '30' }],
  [504, 'retry', 'provider-error'],
  [599, 'retry', 'provider-error'],
  [600, 'retry', 'unexpected-status'],
];

describe('classifyAnswer', () => {
  const lines = TABLE.map((line, index) => ({
    name: `line ${index + 1}: ${line[0]} is ${line[1]} ${line[2] ?? ''}`,
    line,
  }));
  it.each(lines)('$name', ({ line: [status, kind, reason, afterMs, headers = {}, body = ''] }) => {
    expect(classifyAnswer({ kind: 'answer', status, headers, body }, NOW)).toEqual({
      kind,
      code: String(status),
      ...(reason === undefined ? {} : { reason }),
      ...(afterMs === undefined ? {} : { afterMs }),
      ...(reason === 'vapid-refused' ? { fault: 'perhaps-setup' } : {}),
    });
  });

  it('removes a device only on 404, on 410 and on a key mismatch at 400', () => {
    fc.assert(
      fc.property(fc.integer({ min: 200, max: 999 }), fc.string(), (status, body) => {
        const { kind } = classifyAnswer({ kind: 'answer', status, headers: {}, body }, NOW);
        if (kind === 'gone') expect([400, 404, 410]).toContain(status);
      }),
    );
  });

  it('has a rule for every status from 200 to 599', () => {
    for (let status = 200; status < 600; status += 1) {
      expect(OUTCOME_RULES.some(({ statuses: [first, last] }) => first <= status && status <= last)).toBe(true);
    }
  });
});

describe('classifyFailure', () => {
  const causes: readonly FailureCause[] = [
    'address-refused',
    'dns-failed',
    'connect-failed',
    'connection-lost',
    'timeout',
    'aborted',
  ];
  it.each(causes)('%s: unknown once a byte may have been written, retry before', (cause) => {
    const failure = { kind: 'failure', cause, code: 'ECONNRESET' } as const;
    expect(classifyFailure({ ...failure, bytesWritten: true })).toEqual({
      kind: 'unknown',
      code: 'ECONNRESET',
      reason: cause,
    });
    expect(classifyFailure({ ...failure, bytesWritten: false })).toEqual({
      kind: 'retry',
      code: 'ECONNRESET',
      reason: cause,
    });
  });
});
