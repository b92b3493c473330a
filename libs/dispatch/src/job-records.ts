import type { NewLogRecord } from '@belfry/core/log';
import type { Audience, Notification, UserId } from '@belfry/core/notification';
import { type Job, jobSchema, RECORD_HEADERS } from '@belfry/protocol/job';
import { recipientKey } from '@belfry/protocol/log-topics';
import { readRecord } from '@belfry/protocol/read-record';

/**
 * The job records of a notification (design, decision 2): one per recipient, keyed by the recipient; for a topic or everyone a single one, keyed by the notification, which
 * the router expands.
 */
export function jobRecords(notification: Notification): NewLogRecord[] {
  if (notification.audience.kind === 'users') {
    return notification.audience.users.map((user) => recipientJob(notification, user));
  }
  return [expansionJob(notification, undefined)];
}

export function recipientJob(notification: Notification, recipient: UserId): NewLogRecord {
  return record(recipientKey(notification.tenant, recipient), notification, { recipient });
}

/** Expands the audience from the user after `after` on. */
export function expansionJob(notification: Notification, after: UserId | undefined): NewLogRecord {
  return record(
    recipientKey(notification.tenant, `notification:${notification.id}`),
    notification,
    after ? { after } : {},
  );
}

function record(key: string, notification: Notification, rest: Pick<Job, 'recipient' | 'after'>): NewLogRecord {
  const { tenant, audience, ...content } = notification;
  // A per-recipient record carries its one recipient, not a list of a thousand: the records of a large audience stay small.
  const to = rest.recipient === undefined ? fromAudience(audience) : { users: [rest.recipient] };
  return {
    key,
    value: Buffer.from(JSON.stringify({ v: 1, notification: { ...content, to }, ...rest })),
    headers: { [RECORD_HEADERS.tenant]: tenant, [RECORD_HEADERS.version]: '1' },
  };
}

function fromAudience(audience: Audience): Job['notification']['to'] {
  switch (audience.kind) {
    case 'users':
      return { users: [...audience.users] };
    case 'topic':
      return { topic: audience.topic };
    case 'everyone':
      return { everyone: true };
  }
}

export type ParsedJob =
  | {
      readonly ok: true;
      readonly notification: Notification;
      readonly recipient: UserId | undefined;
      readonly after: UserId | undefined;
    }
  | { readonly ok: false; readonly reason: string };

/** Reads a job record for a tenant that the caller trusts. The reason of a failure names the first field that is wrong. */
export function parseJob(value: Uint8Array, tenant: string): ParsedJob {
  const read = readRecord(value, jobSchema);
  if (!read.ok) return read;
  const { to, ...content } = read.value.notification;
  const audience: Audience =
    'users' in to
      ? { kind: 'users', users: to.users }
      : 'topic' in to
        ? { kind: 'topic', topic: to.topic }
        : { kind: 'everyone' };
  return {
    ok: true,
    notification: { ...content, tenant, audience } as Notification,
    recipient: read.value.recipient,
    after: read.value.after,
  };
}
