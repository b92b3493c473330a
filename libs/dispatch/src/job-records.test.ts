import type { LogRecord } from '@belfry/core/log';
import { CHANNELS, type Notification, PRIORITIES } from '@belfry/core/notification';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expansionJob, jobRecords, parseJob, recipientJob } from './job-records.ts';

const name = fc.stringMatching(/^[a-zé日-]{1,20}$/u);
const audience = fc.oneof(
  fc.record({ kind: fc.constant('users' as const), users: fc.uniqueArray(name, { minLength: 1, maxLength: 4 }) }),
  fc.record({ kind: fc.constant('topic' as const), topic: name }),
  fc.record({ kind: fc.constant('everyone' as const) }),
);
const json = fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.parse(JSON.stringify(value)) as unknown);
const notification: fc.Arbitrary<Notification> = fc.record(
  {
    tenant: name,
    id: name,
    audience,
    type: name,
    title: name,
    body: fc.string({ maxLength: 50 }),
    data: fc.dictionary(name, json),
    icon: name,
    url: name,
    channels: fc.uniqueArray(fc.constantFrom(...CHANNELS), { minLength: 1 }),
    priority: fc.constantFrom(...PRIORITIES),
    collapseKey: name,
    acceptedAtMs: fc.nat(),
    expiresAtMs: fc.nat(),
  },
  { requiredKeys: ['tenant', 'id', 'audience', 'type', 'title', 'priority', 'acceptedAtMs', 'expiresAtMs'] },
);

const jsonOf = ({ value }: Pick<LogRecord, 'value'>) => JSON.parse(Buffer.from(value).toString('utf8')) as object;
const sample: Notification = {
  tenant: 'acme',
  id: 'n',
  audience: { kind: 'users', users: ['ann'] },
  type: 't',
  title: 'T',
  priority: 'normal',
  acceptedAtMs: 1,
  expiresAtMs: 2,
};
const parsed = (change: (job: Record<string, unknown>) => unknown) => {
  const job = jsonOf(recipientJob(sample, 'ann')) as Record<string, unknown>;
  return parseJob(Buffer.from(JSON.stringify(change(job))), 'acme');
};

describe('job records', () => {
  it('are read as they were written, one per recipient, for the tenant that the reader trusts', () => {
    fc.assert(
      fc.property(notification, fc.option(name, { nil: undefined }), (written, after) => {
        for (const record of jobRecords(written)) {
          const job = parseJob(record.value, 'another');
          if (!job.ok) throw new Error(job.reason);
          const users = job.recipient === undefined ? undefined : { kind: 'users', users: [job.recipient] };
          expect(job.notification).toEqual({ ...written, tenant: 'another', audience: users ?? written.audience });
        }
        const rest = parseJob(expansionJob(written, after).value, written.tenant);
        expect(rest).toEqual({ ok: true, notification: written, recipient: undefined, after });
      }),
      { numRuns: 200 },
    );
  });

  it('are as many as recipients, or one that is keyed by the notification', () => {
    const of = (wanted: Notification['audience']) => jobRecords({ ...sample, audience: wanted }).map(({ key }) => key);
    expect(of({ kind: 'users', users: ['ann', 'bob'] })).toEqual(['acme/ann', 'acme/bob']);
    expect(of({ kind: 'topic', topic: 'news' })).toEqual(['acme/notification:n']);
    expect(of({ kind: 'everyone' })).toEqual(['acme/notification:n']);
  });

  it.each([
    ['not-json', Buffer.from('{')],
    ['not-utf8', Buffer.from([0xff, 0xfe])],
    ['empty', Buffer.alloc(0)],
    [
      'nested-too-deep',
      Buffer.from(
        JSON.stringify(jsonOf(recipientJob(sample, 'ann'))).replace(
          '"title"',
          `"data":{"x":${'['.repeat(50_000)}${']'.repeat(50_000)}},"title"`,
        ),
      ),
    ],
  ])('say %s of bytes that are', (reason, value) => {
    expect(parseJob(value, 'acme')).toEqual({ ok: false, reason });
  });

  it.each([
    ['/v', (job: object) => ({ ...job, v: 2 })],
    ['/notification', (job: object) => ({ ...job, notification: undefined })],
    [
      '/notification/title',
      (job: { notification?: object }) => ({ ...job, notification: { ...job.notification, title: '' } }),
    ],
    [
      '/notification/to',
      (job: { notification?: object }) => ({ ...job, notification: { ...job.notification, to: { users: [] } } }),
    ],
    ['/recipient', (job: object) => ({ ...job, recipient: 'a/b' })],
    ['/', () => [1]],
  ])('name the first field that is wrong: %s', (field, change) => {
    const job = parsed(change as (job: Record<string, unknown>) => unknown);
    expect(job.ok ? 'read' : job.reason).toMatch(new RegExp(`^invalid: ${field}( |/)`));
  });
});
