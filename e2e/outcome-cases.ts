import { fcmErrorStep, type ScriptStep } from '@belfry/provider-simulator';

/** What a provider does to the first request of a delivery, and what must come of it. It takes the second request. */
export type OutcomeCase = {
  /** Tells the case from others, and names its user. */
  readonly name: string;
  /** The line of docs/channels.md that it stands for. */
  readonly line: string;
  readonly steps: () => readonly ScriptStep[];
  readonly outcome: 'delivered' | 'retry' | 'gone' | 'rejected' | 'unknown';
  /** The provider's word; any where the operating system chooses it. */
  readonly code?: string;
  readonly reason: string;
  /** No second request before this many milliseconds after the first. */
  readonly waitMs?: number;
  /** How often the device gets the message in the end; default 1 for what is delivered at last, otherwise 0. */
  readonly arrivals?: number;
};

export const WEBPUSH_WAIT_MS = 2_000;
/** FCM's own rule: longer than the schedule of the run, and than a short Retry-After. */
const FCM_WAIT_MS = 10_000;
const FCM_QUOTA_WAIT_MS = 60_000;

type Ending = Pick<OutcomeCase, 'outcome' | 'reason' | 'code' | 'waitMs' | 'arrivals'>;

const answers = (
  line: string,
  steps: ScriptStep | (() => readonly ScriptStep[]),
  ending: Ending,
  name = line,
): OutcomeCase => ({
  name,
  line,
  steps: typeof steps === 'function' ? steps : () => [steps],
  ...ending,
});
const status = (
  code: number,
  extra: Omit<Extract<ScriptStep, { kind: 'status' }>, 'kind' | 'status'> = {},
): ScriptStep => ({
  kind: 'status',
  status: code,
  ...extra,
});

const MISMATCH_LINE =
  '400 with "VapidPkHashMismatch" or "UnauthorizedRegistration" or "do not correspond" or "does not correspond"';
const MISMATCHES = [
  { reason: 'VapidPkHashMismatch' },
  'UnauthorizedRegistration',
  'the key in the authorization header does not correspond to the sender ID',
  'the VAPID credentials do not correspond to the credentials used to create the subscription',
];
const LOST = 'none, any byte may have arrived';
const mismatch: Ending = { outcome: 'gone', code: '400', reason: 'vapid-key-mismatch' };
const retry = (code: string, reason: string, waitMs = WEBPUSH_WAIT_MS): Ending => ({
  outcome: 'retry',
  code,
  reason,
  waitMs,
});
const rejected = (code: string, reason: string): Ending => ({ outcome: 'rejected', code, reason });
const lost = (reason: string, arrivals = 1): Ending => ({
  outcome: 'unknown',
  reason,
  waitMs: WEBPUSH_WAIT_MS,
  arrivals,
});

/** Answers of a push service, in the order of the table. */
export const WEBPUSH_CASES: readonly OutcomeCase[] = [
  answers('200–299', status(201), { outcome: 'delivered', code: '201', reason: '' }),
  answers(
    '200–299',
    { kind: 'slow', delayMs: 700, next: { kind: 'accept' } },
    { outcome: 'delivered', code: '201', reason: '' },
    'slow',
  ),
  answers(
    '200–299',
    { kind: 'goaway', accepted: true },
    { outcome: 'delivered', code: '201', reason: '' },
    'goaway-after',
  ),
  // Said to be not processed: the same attempt goes over another connection.
  answers(
    '200–299',
    { kind: 'goaway', accepted: false },
    { outcome: 'delivered', code: '201', reason: '' },
    'goaway-before',
  ),
  answers(
    '300–399',
    status(307, { headers: { location: 'https://127.0.0.1/elsewhere' } }),
    rejected('307', 'redirect-refused'),
  ),
  ...MISMATCHES.map((body, index) => answers(MISMATCH_LINE, status(400, { body }), mismatch, `mismatch-${index}`)),
  answers('400', status(400), rejected('400', 'bad-request')),
  answers('401', status(401), rejected('401', 'vapid-refused')),
  answers('403', status(403), rejected('403', 'vapid-refused')),
  answers('404', status(404), { outcome: 'gone', code: '404', reason: 'subscription-gone' }),
  answers('406', status(406), retry('406', 'throttled')),
  answers('408', status(408), retry('408', 'provider-error')),
  answers('410', status(410), { outcome: 'gone', code: '410', reason: 'subscription-gone' }),
  answers('413', status(413), rejected('413', 'payload-too-large')),
  answers('429', status(429), retry('429', 'throttled')),
  answers('429', status(429, { retryAfter: 4 }), retry('429', 'throttled', 4_000), '429-wait'),
  answers('429', status(429, { retryAfter: 1 }), retry('429', 'throttled'), '429-short-wait'),
  answers('400–499', status(418), rejected('418', 'unexpected-status')),
  answers('500–599', status(500), retry('500', 'provider-error')),
  answers('500–599', status(503, { retryAfter: 3 }), retry('503', 'provider-error', 3_000), '503-wait'),
  // An HTTP date has no fractions: of the five seconds at least four are left.
  answers(
    '500–599',
    () => [status(503, { retryAfter: inSeconds(5) })],
    retry('503', 'provider-error', 4_000),
    '503-date',
  ),
  answers(LOST, { kind: 'reset-before' }, lost('connection-lost'), 'reset-before'),
  answers(LOST, { kind: 'reset-after' }, lost('connection-lost', 2), 'reset-after'),
  answers(LOST, { kind: 'half-close' }, lost('connection-lost'), 'half-close'),
  answers(LOST, { kind: 'hang' }, lost('timeout'), 'hang'),
];

const fcm = (
  line: string,
  ending: Ending,
  ...[name, retryAfter]: [Parameters<typeof fcmErrorStep>[0], number?]
): OutcomeCase =>
  answers(
    line,
    fcmErrorStep(name, retryAfter === undefined ? {} : { retryAfter }),
    ending,
    `${name}${retryAfter ?? ''}`,
  );
const gone = (code: string, reason: string): Ending => ({ outcome: 'gone', code, reason });
const broken = (arrivals = 1): Ending => ({ outcome: 'unknown', reason: 'no-answer', waitMs: FCM_WAIT_MS, arrivals });
/** An error of the API that carries no FcmError. */
const plainError = (code: number, message: string) =>
  status(code, { body: { error: { code, message, status: 'PLAIN' } } });

/** Answers of FCM HTTP v1, in the order of the table. */
export const FCM_CASES: readonly OutcomeCase[] = [
  fcm('`UNREGISTERED`', gone('UNREGISTERED', 'unregistered'), 'UNREGISTERED'),
  fcm('`UNREGISTERED_FID`', gone('UNREGISTERED_FID', 'unregistered'), 'UNREGISTERED_FID'),
  fcm('`INVALID_ARGUMENT` about the registration token', gone('INVALID_ARGUMENT', 'invalid-token'), 'INVALID_TOKEN'),
  fcm(
    '`INVALID_ARGUMENT` about the registration token',
    gone('INVALID_ARGUMENT', 'invalid-token'),
    'INVALID_TOKEN_FIELD',
  ),
  fcm('`INVALID_ARGUMENT`', rejected('INVALID_ARGUMENT', 'invalid-message'), 'INVALID_ARGUMENT'),
  fcm('`SENDER_ID_MISMATCH`', gone('SENDER_ID_MISMATCH', 'sender-id-mismatch'), 'SENDER_ID_MISMATCH'),
  fcm('`THIRD_PARTY_AUTH_ERROR`', rejected('THIRD_PARTY_AUTH_ERROR', 'third-party-auth'), 'THIRD_PARTY_AUTH_ERROR'),
  fcm(
    "`QUOTA_EXCEEDED` about the device's own rate",
    retry('QUOTA_EXCEEDED', 'device-throttled', FCM_QUOTA_WAIT_MS),
    'DEVICE_MESSAGE_RATE_EXCEEDED',
  ),
  fcm('`QUOTA_EXCEEDED`', retry('QUOTA_EXCEEDED', 'throttled', FCM_QUOTA_WAIT_MS), 'QUOTA_EXCEEDED'),
  fcm('`QUOTA_EXCEEDED`', retry('QUOTA_EXCEEDED', 'throttled', FCM_WAIT_MS), 'QUOTA_EXCEEDED', 3),
  fcm('`UNAVAILABLE`', retry('UNAVAILABLE', 'unavailable', FCM_WAIT_MS), 'UNAVAILABLE'),
  fcm('`UNAVAILABLE`', retry('UNAVAILABLE', 'unavailable', FCM_WAIT_MS), 'UNAVAILABLE', 4),
  fcm('`UNAVAILABLE`', retry('UNAVAILABLE', 'unavailable', 13_000), 'UNAVAILABLE', 13),
  fcm('`INTERNAL`', retry('INTERNAL', 'provider-error', FCM_WAIT_MS), 'INTERNAL'),
  fcm('`UNSPECIFIED_ERROR`', retry('UNSPECIFIED_ERROR', 'unspecified', FCM_WAIT_MS), 'UNSPECIFIED_ERROR'),
  answers('200–299', status(200), { outcome: 'delivered', code: '200', reason: '' }),
  answers(
    '200–299',
    { kind: 'slow', delayMs: 700, next: { kind: 'accept' } },
    { outcome: 'delivered', code: '200', reason: '' },
    'slow',
  ),
  answers(
    '200–299',
    { kind: 'goaway', accepted: true },
    { outcome: 'delivered', code: '200', reason: '' },
    'goaway-after',
  ),
  // Said to be not processed: the same attempt goes over another connection.
  answers(
    '200–299',
    { kind: 'goaway', accepted: false },
    { outcome: 'delivered', code: '200', reason: '' },
    'goaway-before',
  ),
  answers(
    '400 about the registration token',
    plainError(400, 'The registration token is not valid'),
    gone('400', 'invalid-token'),
  ),
  answers('400', plainError(400, 'Bad request'), rejected('400', 'invalid-message')),
  fcm('401', rejected('401', 'unauthenticated'), 'UNAUTHENTICATED'),
  fcm('403', rejected('403', 'permission-denied'), 'PERMISSION_DENIED'),
  fcm('404', rejected('404', 'not-found'), 'NO_SUCH_PROJECT'),
  answers('408', status(408), retry('408', 'unavailable', FCM_WAIT_MS)),
  answers(
    "429 about the device's own rate",
    plainError(429, 'Device message rate exceeded'),
    retry('429', 'device-throttled', FCM_QUOTA_WAIT_MS),
  ),
  fcm('429', retry('429', 'throttled', FCM_QUOTA_WAIT_MS), 'FRONT_END_QUOTA'),
  answers('502–504', status(502), retry('502', 'unavailable', FCM_WAIT_MS)),
  answers('500–599', status(505), retry('505', 'provider-error', FCM_WAIT_MS)),
  answers('100–499', status(413), rejected('413', 'refused')),
  answers('success without JSON, no valid status', status(200, { body: '<html>' }), {
    outcome: 'unknown',
    code: '200',
    reason: 'unreadable-answer',
    waitMs: FCM_WAIT_MS,
    arrivals: 2,
  }),
  answers('none: refused-stream', () => [{ kind: 'goaway', accepted: false, times: 2 }], {
    outcome: 'retry',
    reason: 'not-sent',
    waitMs: FCM_WAIT_MS,
  }),
  answers('none: broken', { kind: 'reset-before' }, broken(), 'reset-before'),
  answers('none: broken', { kind: 'reset-after' }, broken(2), 'reset-after'),
  answers('none: broken', { kind: 'half-close' }, broken(), 'half-close'),
  answers('none: broken', { kind: 'hang' }, broken(), 'hang'),
];

function inSeconds(seconds: number): string {
  return new Date(Date.now() + seconds * 1_000).toUTCString();
}
