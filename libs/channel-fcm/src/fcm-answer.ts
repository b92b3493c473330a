import type { FaultAspect } from './outcome-table.ts';

export type FcmAnswer = {
  /** A JSON object, as all that FCM itself says; not a page of something before it. */
  readonly readable: boolean;
  /** `errorCode` of the FcmError detail; undefined when the answer has none (a proxy, a wrong URL, the API front end). */
  readonly errorCode: string | undefined;
  readonly aspects: ReadonlySet<FaultAspect>;
};

const FCM_ERROR_TYPE = 'type.googleapis.com/google.firebase.fcm.v1.FcmError';
const BAD_REQUEST_TYPE = 'type.googleapis.com/google.rpc.BadRequest';
const QUOTA_FAILURE_TYPE = 'type.googleapis.com/google.rpc.QuotaFailure';

const NO_ASPECTS: ReadonlySet<FaultAspect> = new Set();

/** Reads a body of FCM HTTP v1. Anything else (HTML of a front end, cut JSON) gives an unreadable answer without code or aspects. */
export function parseFcmAnswer(body: string): FcmAnswer {
  const answer = record(parseJson(body));
  const readable = answer !== undefined;
  const error = record(answer?.error);
  if (!error) return { readable, errorCode: undefined, aspects: NO_ASPECTS };
  const details = list(error.details);
  const message = text(error.message) ?? '';
  const aspects = new Set<FaultAspect>();
  if (blamesToken(message, ofType(details, BAD_REQUEST_TYPE))) aspects.add('token');
  if (blamesDeviceRate(message, ofType(details, QUOTA_FAILURE_TYPE))) aspects.add('device-rate');
  const errorCode = ofType(details, FCM_ERROR_TYPE)
    .map((detail) => text(detail.errorCode))
    .find((code) => code !== undefined);
  return { readable, errorCode, aspects };
}

/**
 * FCM says it in one of two ways: in the message ("The registration token is not a valid FCM registration token") or as a violation of the
 * field `message.token`. A violation of another field that mentions a token in passing must not cost the device, hence the exact field.
 */
function blamesToken(message: string, badRequests: readonly Record<string, unknown>[]): boolean {
  if (/registration token is not (a )?valid/i.test(message) || /^invalid registration\b/i.test(message)) return true;
  return badRequests.some((detail) =>
    list(detail.fieldViolations).some((violation) => record(violation)?.field === 'message.token'),
  );
}

function blamesDeviceRate(message: string, quotaFailures: readonly Record<string, unknown>[]): boolean {
  const violations = quotaFailures.flatMap((detail) => list(detail.violations));
  const words = violations.flatMap((violation) => {
    const fields = record(violation);
    return [text(fields?.subject) ?? '', text(fields?.description) ?? ''];
  });
  return [message, ...words].some((word) => /device[ _-]?message[ _-]?rate|\bdevice:/i.test(word));
}

function ofType(details: readonly unknown[], type: string): readonly Record<string, unknown>[] {
  return details.map(record).filter((detail) => detail !== undefined && detail['@type'] === type) as Record<
    string,
    unknown
  >[];
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function record(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
