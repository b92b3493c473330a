import type { OutcomeKind, SetupFault } from '@belfry/core/outcome';

/** FCM asks for at least 10 s before the first retry. Here it holds for every one: Retry-After, unknown outcomes and what never left included. */
export const MIN_RETRY_WAIT_MS = 10_000;
/** The first wait after a server error that names none; it doubles with each attempt. */
const SERVER_ERROR_FLOOR_MS = MIN_RETRY_WAIT_MS;
/** FCM asks for at least one minute after a 429 that names no wait. */
const QUOTA_FLOOR_MS = 60_000;

/** Which fault within one error code: the registration token of an INVALID_ARGUMENT, the device's own rate of a 429. */
export type FaultAspect = 'token' | 'device-rate';

export type OutcomeRule = {
  /** `FcmError.errorCode` in the answer's details; a rule without one goes by status alone. */
  readonly errorCode?: string;
  /** HTTP statuses from–to, inclusive; a rule without them goes by error code alone. */
  readonly status?: readonly [from: number, to: number];
  readonly aspect?: FaultAspect;
  readonly outcome: Extract<OutcomeKind, 'delivered' | 'retry' | 'gone' | 'rejected' | 'unknown'>;
  readonly reason: string;
  /** The provider's rule for its first wait, in milliseconds; a Retry-After replaces it, but for the least wait of all. */
  readonly floorMs?: number;
  /** Of a `rejected`: whether our own set-up is refused. */
  readonly fault?: SetupFault;
  /** What an operator should know, for the documentation. */
  readonly note: string;
};

/**
 * What an answer of FCM HTTP v1 comes to. The first rule that matches wins; rules with an error code stand before those with a status,
 * because FCM's errorCode is exact where the status is shared (a 404 for a wrong URL must not delete devices).
 * Source: firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode and …/docs/cloud-messaging/scale-fcm.
 */
export const OUTCOME_TABLE: readonly OutcomeRule[] = [
  {
    errorCode: 'UNREGISTERED',
    outcome: 'gone',
    reason: 'unregistered',
    note: 'the app was removed or its token replaced',
  },
  {
    errorCode: 'UNREGISTERED_FID',
    outcome: 'gone',
    reason: 'unregistered',
    note: 'the installation behind the token is gone',
  },
  {
    errorCode: 'INVALID_ARGUMENT',
    aspect: 'token',
    outcome: 'gone',
    reason: 'invalid-token',
    note: 'the answer says that the registration token is not valid',
  },
  {
    errorCode: 'INVALID_ARGUMENT',
    outcome: 'rejected',
    reason: 'invalid-message',
    note: 'the message itself is refused; the device stays',
  },
  {
    errorCode: 'SENDER_ID_MISMATCH',
    outcome: 'gone',
    reason: 'sender-id-mismatch',
    note: 'the token belongs to another Firebase project; many of these mean a wrong project or service account',
  },
  {
    errorCode: 'THIRD_PARTY_AUTH_ERROR',
    outcome: 'rejected',
    reason: 'third-party-auth',
    // Of one platform: phones of the other are served all the same.
    fault: 'perhaps-setup',
    note: 'the APNs or Web Push credential in the Firebase console is missing or wrong',
  },
  {
    errorCode: 'QUOTA_EXCEEDED',
    aspect: 'device-rate',
    outcome: 'retry',
    reason: 'device-throttled',
    floorMs: QUOTA_FLOOR_MS,
    note: 'too many messages to this one device (240 a minute, 5,000 an hour on Android)',
  },
  {
    errorCode: 'QUOTA_EXCEEDED',
    outcome: 'retry',
    reason: 'throttled',
    floorMs: QUOTA_FLOOR_MS,
    note: "the project's quota (600,000 messages a minute by default)",
  },
  {
    errorCode: 'UNAVAILABLE',
    outcome: 'retry',
    reason: 'unavailable',
    floorMs: SERVER_ERROR_FLOOR_MS,
    note: 'FCM is overloaded',
  },
  {
    errorCode: 'INTERNAL',
    outcome: 'retry',
    reason: 'provider-error',
    floorMs: SERVER_ERROR_FLOOR_MS,
    note: 'an error inside FCM',
  },
  {
    errorCode: 'UNSPECIFIED_ERROR',
    outcome: 'retry',
    reason: 'unspecified',
    floorMs: SERVER_ERROR_FLOOR_MS,
    note: 'FCM gives no more detail; tried again as often as the policy allows',
  },
  {
    status: [200, 299],
    outcome: 'delivered',
    reason: 'accepted',
    note: 'accepted by FCM, which is not yet shown on the phone',
  },
  {
    status: [400, 400],
    aspect: 'token',
    outcome: 'gone',
    reason: 'invalid-token',
    note: 'as above, from an answer without FcmError',
  },
  { status: [400, 400], outcome: 'rejected', reason: 'invalid-message', note: 'bad request, too large a payload' },
  {
    status: [401, 401],
    outcome: 'rejected',
    reason: 'unauthenticated',
    fault: 'setup',
    note: 'refused again with a fresh access token: look at the service account',
  },
  {
    status: [403, 403],
    outcome: 'rejected',
    reason: 'permission-denied',
    fault: 'setup',
    note: 'the service account may not send for this project, or the API is off',
  },
  {
    status: [404, 404],
    outcome: 'rejected',
    reason: 'not-found',
    fault: 'perhaps-setup',
    note: 'no FcmError: a wrong project or endpoint, never a dead device',
  },
  {
    status: [408, 408],
    outcome: 'retry',
    reason: 'unavailable',
    floorMs: SERVER_ERROR_FLOOR_MS,
    note: 'the request was too slow for the front end',
  },
  {
    status: [429, 429],
    aspect: 'device-rate',
    outcome: 'retry',
    reason: 'device-throttled',
    floorMs: QUOTA_FLOOR_MS,
    note: 'as above, from an answer without FcmError',
  },
  {
    status: [429, 429],
    outcome: 'retry',
    reason: 'throttled',
    floorMs: QUOTA_FLOOR_MS,
    note: 'RESOURCE_EXHAUSTED without FcmError, from the API front end',
  },
  {
    status: [502, 504],
    outcome: 'retry',
    reason: 'unavailable',
    floorMs: SERVER_ERROR_FLOOR_MS,
    note: 'often an HTML page of the front end',
  },
  {
    status: [500, 599],
    outcome: 'retry',
    reason: 'provider-error',
    floorMs: SERVER_ERROR_FLOOR_MS,
    note: 'any other server error',
  },
  { status: [100, 499], outcome: 'rejected', reason: 'refused', note: 'any other answer; redirects are not followed' },
];

/** A status outside 100–599 cannot come from a working server: nothing can be concluded from it. */
export const UNREADABLE_RULE: OutcomeRule = {
  outcome: 'unknown',
  reason: 'unreadable-answer',
  note: 'success that is not JSON comes from something before FCM',
};

export type TransportRule = {
  readonly failure: 'refused-stream' | 'not-connected' | 'not-started' | 'no-access-token' | 'broken';
  readonly outcome: 'retry' | 'unknown';
  readonly reason: string;
  readonly floorMs?: number;
  readonly note: string;
};

/** What a request without an answer comes to. `retry` stands only where FCM certainly did not act on the request. */
export const TRANSPORT_TABLE: readonly TransportRule[] = [
  {
    failure: 'refused-stream',
    outcome: 'retry',
    reason: 'not-sent',
    note: 'GOAWAY below our stream, or REFUSED_STREAM, on two connections in a row: not processed',
  },
  {
    failure: 'not-connected',
    outcome: 'retry',
    reason: 'not-sent',
    floorMs: SERVER_ERROR_FLOOR_MS,
    note: 'name, connection or TLS failed before the request',
  },
  {
    failure: 'not-started',
    outcome: 'retry',
    reason: 'not-sent',
    note: 'stopped while waiting for a token or a stream',
  },
  {
    failure: 'no-access-token',
    outcome: 'retry',
    reason: 'no-access-token',
    floorMs: SERVER_ERROR_FLOOR_MS,
    note: 'Google gave no OAuth token: credentials file, clock, network',
  },
  {
    failure: 'broken',
    outcome: 'unknown',
    reason: 'no-answer',
    note: 'timeout, reset or abort after the request began: FCM may have acted on it',
  },
];
