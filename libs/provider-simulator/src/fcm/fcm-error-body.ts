import type { Reply } from '../exchange.ts';
import type { ScriptStep } from '../script.ts';

/** `FcmError.errorCode`, and three refusals of Google's API front end that carry none. */
export const FCM_ERRORS = [
  'UNREGISTERED',
  'UNREGISTERED_FID',
  'INVALID_TOKEN',
  'INVALID_TOKEN_FIELD',
  'INVALID_ARGUMENT',
  'SENDER_ID_MISMATCH',
  'THIRD_PARTY_AUTH_ERROR',
  'QUOTA_EXCEEDED',
  'DEVICE_MESSAGE_RATE_EXCEEDED',
  'UNAVAILABLE',
  'INTERNAL',
  'UNSPECIFIED_ERROR',
  'UNAUTHENTICATED',
  'PERMISSION_DENIED',
  'NO_SUCH_PROJECT',
  'FRONT_END_QUOTA',
] as const;
export type FcmErrorName = (typeof FCM_ERRORS)[number];

type ErrorShape = {
  readonly http: number;
  readonly status: string;
  readonly message: string;
  readonly errorCode?: string;
  readonly details?: readonly Readonly<Record<string, unknown>>[];
};

const RPC = 'type.googleapis.com/google.rpc';

const SHAPES: Readonly<Record<FcmErrorName, ErrorShape>> = {
  UNREGISTERED: {
    http: 404,
    status: 'NOT_FOUND',
    message: 'Requested entity was not found.',
    errorCode: 'UNREGISTERED',
  },
  UNREGISTERED_FID: {
    http: 404,
    status: 'NOT_FOUND',
    message: 'Requested entity was not found.',
    errorCode: 'UNREGISTERED_FID',
  },
  INVALID_TOKEN: {
    http: 400,
    status: 'INVALID_ARGUMENT',
    message: 'The registration token is not a valid FCM registration token',
    errorCode: 'INVALID_ARGUMENT',
  },
  INVALID_TOKEN_FIELD: {
    http: 400,
    status: 'INVALID_ARGUMENT',
    message: 'Request contains an invalid argument.',
    errorCode: 'INVALID_ARGUMENT',
    details: [badRequest('message.token', 'Invalid registration token')],
  },
  INVALID_ARGUMENT: {
    http: 400,
    status: 'INVALID_ARGUMENT',
    message: 'Request contains an invalid argument.',
    errorCode: 'INVALID_ARGUMENT',
  },
  SENDER_ID_MISMATCH: {
    http: 403,
    status: 'PERMISSION_DENIED',
    message: 'SenderId mismatch',
    errorCode: 'SENDER_ID_MISMATCH',
  },
  THIRD_PARTY_AUTH_ERROR: {
    http: 401,
    status: 'UNAUTHENTICATED',
    message: 'Auth error from APNS or Web Push Service',
    errorCode: 'THIRD_PARTY_AUTH_ERROR',
  },
  QUOTA_EXCEEDED: {
    http: 429,
    status: 'RESOURCE_EXHAUSTED',
    message: 'Resource has been exhausted (e.g. check quota).',
    errorCode: 'QUOTA_EXCEEDED',
  },
  DEVICE_MESSAGE_RATE_EXCEEDED: {
    http: 429,
    status: 'RESOURCE_EXHAUSTED',
    message: 'Resource has been exhausted (e.g. check quota).',
    errorCode: 'QUOTA_EXCEEDED',
    details: [
      {
        '@type': `${RPC}.QuotaFailure`,
        violations: [{ subject: 'device:simulated', description: 'Device message rate exceeded' }],
      },
    ],
  },
  UNAVAILABLE: {
    http: 503,
    status: 'UNAVAILABLE',
    message: 'The service is currently unavailable.',
    errorCode: 'UNAVAILABLE',
  },
  INTERNAL: { http: 500, status: 'INTERNAL', message: 'Internal error encountered.', errorCode: 'INTERNAL' },
  UNSPECIFIED_ERROR: {
    http: 500,
    status: 'UNKNOWN',
    message: 'An unknown error occurred.',
    errorCode: 'UNSPECIFIED_ERROR',
  },
  UNAUTHENTICATED: {
    http: 401,
    status: 'UNAUTHENTICATED',
    message: 'Request had invalid authentication credentials. Expected OAuth 2 access token.',
    details: [errorInfo('ACCESS_TOKEN_EXPIRED')],
  },
  PERMISSION_DENIED: {
    http: 403,
    status: 'PERMISSION_DENIED',
    message: "Permission 'cloudmessaging.messages.create' denied on resource (or it may not exist).",
    details: [errorInfo('IAM_PERMISSION_DENIED')],
  },
  NO_SUCH_PROJECT: { http: 404, status: 'NOT_FOUND', message: 'Requested entity was not found.' },
  FRONT_END_QUOTA: {
    http: 429,
    status: 'RESOURCE_EXHAUSTED',
    message: "Quota exceeded for quota metric 'Send requests' and limit 'Send requests per minute'.",
    details: [errorInfo('RATE_LIMIT_EXCEEDED')],
  },
};

/** Status and body as FCM answers this error. */
export function fcmErrorReply(name: FcmErrorName): Reply {
  const { http, status, message, errorCode, details = [] } = SHAPES[name];
  const own = errorCode ? [{ '@type': 'type.googleapis.com/google.firebase.fcm.v1.FcmError', errorCode }] : [];
  return { status: http, body: { error: { code: http, message, status, details: [...own, ...details] } } };
}

/** A script step that answers this error `times` times, with a Retry-After if given (seconds, or an HTTP date). */
export function fcmErrorStep(
  name: FcmErrorName,
  options: { readonly retryAfter?: number | string; readonly times?: number } = {},
): ScriptStep {
  return { kind: 'status', ...fcmErrorReply(name), ...options };
}

/** What a scripted status without a body looks like: FCM's most usual error with it, or the HTML page of the front end. */
export function usualReply(status: number): Reply {
  const usual: Readonly<Record<number, FcmErrorName>> = {
    400: 'INVALID_ARGUMENT',
    401: 'UNAUTHENTICATED',
    403: 'SENDER_ID_MISMATCH',
    404: 'UNREGISTERED',
    429: 'QUOTA_EXCEEDED',
    500: 'INTERNAL',
    503: 'UNAVAILABLE',
  };
  const name = usual[status];
  return name ? fcmErrorReply(name) : frontEndPage(status);
}

/** The page that Google's front end answers when a request does not reach the API. */
export function frontEndPage(status: number): Reply {
  return {
    status,
    headers: { 'content-type': 'text/html; charset=UTF-8' },
    body: `<!DOCTYPE html><html lang=en><title>Error ${status}</title><p><b>${status}.</b> That’s an error.</html>`,
  };
}

/** 400 with a google.rpc.BadRequest that names the field. FCM adds its own detail for what it refuses itself, not for bad JSON. */
export function invalidArgument(field: string, description: string, byFcm: boolean): Reply {
  const own = byFcm
    ? [{ '@type': 'type.googleapis.com/google.firebase.fcm.v1.FcmError', errorCode: 'INVALID_ARGUMENT' }]
    : [];
  const details = [badRequest(field, description), ...own];
  return {
    status: 400,
    body: { error: { code: 400, message: description, status: 'INVALID_ARGUMENT', details } },
  };
}

function badRequest(field: string, description: string): Readonly<Record<string, unknown>> {
  return { '@type': `${RPC}.BadRequest`, fieldViolations: [{ field, description }] };
}

function errorInfo(reason: string): Readonly<Record<string, unknown>> {
  return { '@type': `${RPC}.ErrorInfo`, reason, domain: 'googleapis.com', metadata: { service: 'fcm.googleapis.com' } };
}
