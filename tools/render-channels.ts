import {
  type FaultAspect,
  MIN_RETRY_WAIT_MS,
  type OUTCOME_TABLE,
  type OutcomeRule,
  type TRANSPORT_TABLE,
  UNREADABLE_RULE,
} from '../libs/channel-fcm/src/outcome-table.ts';
import type { OUTCOME_RULES } from '../libs/channel-webpush/src/classify.ts';
import type { SetupFault } from '../libs/core/src/outcome.ts';
import { DEFAULT_FCM_SCHEDULE_MS, DEFAULT_WEBPUSH_SCHEDULE_MS } from '../libs/core/src/retry-policy.ts';

export type ChannelTables = {
  readonly fcm: typeof OUTCOME_TABLE;
  readonly fcmTransport: typeof TRANSPORT_TABLE;
  readonly webpush: typeof OUTCOME_RULES;
};

const ASPECTS: Readonly<Record<FaultAspect, string>> = {
  token: 'about the registration token',
  'device-rate': "about the device's own rate",
};

/** The body of docs/channels.md. */
export function renderChannelTables(tables: ChannelTables): readonly string[] {
  return [
    'What the answers of push services come to, first match from above. `retry` waits for the longest of the schedule, Retry-After and the floor',
    '(which doubles with each attempt) and ends as a dead letter when the schedule is used up; `gone` removes the device; `rejected` is a dead letter',
    'at once and keeps the device; `unknown` may have been acted on and is retried under the same tag, so that a device shows it once.',
    '',
    '## FCM',
    '',
    `Default schedule ${schedule(DEFAULT_FCM_SCHEDULE_MS)} (\`BELFRY_RETRY_FCM\`). No retry sooner than ${seconds(MIN_RETRY_WAIT_MS)}, whatever schedule and Retry-After say. HTTP v1 over pooled HTTP/2 ([why](adr/0001-own-transport-for-fcm.md)).`,
    '',
    '| answer | outcome | reason | floor without Retry-After | note |',
    '| --- | --- | --- | --- | --- |',
    ...tables.fcm.map((rule) => row(fcmAnswer(rule), rule.outcome, rule.reason, seconds(rule.floorMs), rule.note)),
    row(
      'success without JSON, no valid status',
      UNREADABLE_RULE.outcome,
      UNREADABLE_RULE.reason,
      '',
      UNREADABLE_RULE.note,
    ),
    ...tables.fcmTransport.map((rule) =>
      row(`none: ${rule.failure}`, rule.outcome, rule.reason, seconds(rule.floorMs), rule.note),
    ),
    '',
    `${ofFault(tables.fcm, 'setup')} hold all of FCM back at once, ${ofFault(tables.fcm, 'perhaps-setup')} after five recipients in a row ([why](adr/0009-refused-credentials-hold-a-host-back.md)).`,
    'A 401 about our own access token is tried once more with a fresh one, and a request that a connection refused unprocessed once more on',
    'another, both within the attempt. Many `sender-id-mismatch` or `not-found` mean a wrong project or service account, not dead devices.',
    '',
    '### What a phone gets',
    '',
    '- `notification {title, body, image}` (the image is `icon`, if it is an https URL); `data` with the values of the producer, everything that is no',
    '  string as JSON; and `belfry_id`, `belfry_delivery`, `belfry_type`, `belfry_url`. Names that FCM reserves (`from`, `message_type`, `google.…`,',
    '  `gcm.…`) and `belfry_…` of the producer get `x_` in front.',
    '- Android: priority high for high, otherwise normal; `ttl` what is left of the deadline, at most 28 days; `collapse_key` where the notification has one.',
    '  Its tag (and `apns-collapse-id`) is the collapse key or else the delivery, so that a repeated send replaces itself.',
    '- At most 4096 bytes of JSON without the token. What is too much goes in this order, named in `belfry_trimmed`: image, body down to 200 characters,',
    '  data as a whole, the rest of the body, the link, the end of the title. The inbox has the whole.',
    '- FCM keeps four collapse keys per device and delays more than 20 collapsible messages in a burst without saying so.',
    '',
    '## Web Push',
    '',
    `Default schedule ${schedule(DEFAULT_WEBPUSH_SCHEDULE_MS)} (\`BELFRY_RETRY_WEBPUSH\`).`,
    '',
    '| answer | outcome | reason |',
    '| --- | --- | --- |',
    ...tables.webpush.map((rule) =>
      row(
        `${range(rule.statuses)}${rule.body ? ` with ${rule.body.map((word) => `"${word}"`).join(' or ')}` : ''}`,
        rule.kind,
        rule.reason,
      ),
    ),
    row('any other', 'retry', 'unexpected-status'),
    row('none, nothing was sent', 'retry', '`dns-failed`, `connect-failed`, …'),
    row('none, any byte may have arrived', 'unknown', '`timeout`, `connection-lost`, `aborted`'),
    '',
    `${ofFault(tables.webpush, 'perhaps-setup')} of five recipients in a row holds the push service back ([why](adr/0009-refused-credentials-hold-a-host-back.md)).`,
  ];
}

/** The reasons that our set-up is behind, or may be. */
function ofFault(
  rules: readonly { readonly reason: string; readonly fault?: SetupFault }[],
  fault: SetupFault,
): string {
  const reasons = new Set(rules.filter((rule) => rule.fault === fault).map(({ reason }) => `\`${reason}\``));
  return [...reasons].join(' and ');
}

function fcmAnswer({ errorCode, status, aspect }: OutcomeRule): string {
  const what = [...(errorCode ? [`\`${errorCode}\``] : []), ...(status ? [range(status)] : [])].join(' ');
  return aspect ? `${what} ${ASPECTS[aspect]}` : what;
}

function range([from, to]: readonly [number, number]): string {
  return from === to ? String(from) : `${from}–${to}`;
}

function schedule(waitsMs: readonly number[]): string {
  return waitsMs.map((waitMs) => seconds(waitMs)).join(', ');
}

function seconds(ms: number | undefined): string {
  if (ms === undefined) return '';
  if (ms % 3_600_000 === 0) return `${ms / 3_600_000} h`;
  return ms % 60_000 === 0 ? `${ms / 60_000} min` : `${ms / 1_000} s`;
}

function row(...cells: readonly string[]): string {
  return `| ${cells.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`;
}
